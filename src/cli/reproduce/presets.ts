import type { SetupId } from "./setups.ts";

/** How much a reproduction does. */
export interface ReproducePreset {
  readonly name: string;
  /** What is trained, in the order it is trained in. The first is what the others are compared with, the second what the report is about. */
  readonly setups: readonly [SetupId, SetupId, ...SetupId[]];
  /** Every setup is trained with each; data order, initial paths and estimator follow from it. */
  readonly seeds: readonly [number, ...number[]];
  /** Single-path models whose scores are summed, the yardstick for as many paths; none for 0. Takes further seeds where `seeds` are fewer. */
  readonly ensembleSize: number;
  readonly training: PresetTraining;
  /** Queries of each of the twelve tasks that are scored in the end. */
  readonly testQueries: number;
  /** Inputs that embedding is timed on, and how often. */
  readonly timing: { readonly inputs: number; readonly rounds: number };
  /** Concepts whose drawings the example searches look through. */
  readonly searchConcepts: number;
}

/** What takes the place of a recipe's own numbers, the same for every setup. */
export interface PresetTraining {
  readonly steps: number;
  readonly batchSize: number;
  readonly warmUpSteps: number;
  readonly checkpointEverySteps: number;
  /** Steps between validations, for the learning curve. */
  readonly validateEverySteps: number;
  /** Queries of each task at a validation. */
  readonly validationQueries: number;
}

/** Names of the presets that the command line knows. */
export type PresetName = "quick" | "full";

/**
 * The presets. `quick` has to end within ten minutes on two cores; measured on two threads of an AMD EPYC:
 *
 * | part                                                    | seconds |
 * | ------------------------------------------------------- | ------- |
 * | start, pictures drawn (first time only)                 | 40      |
 * | SSC: 120 steps of 0.63 s                                | 75      |
 * | PDF: 120 steps of 1.45 s                                | 175     |
 * | PDF, half the steps                                     | 90      |
 * | graphs opened, prefixes calibrated, validation          | 40      |
 * | test: 1,692 inputs by each of the three                 | 35      |
 * | embedding timed, searches, report                       | 25      |
 * | in all                                                  | 480     |
 *
 * `full` is the same at full size, with three seeds and all ablations: days on two cores, to be run in pieces.
 */
export const PRESETS: Readonly<Record<PresetName, ReproducePreset>> = {
  quick: {
    name: "quick",
    setups: ["ssc", "pdf", "pdf-half"],
    seeds: [0],
    ensembleSize: 0,
    training: {
      steps: 120,
      batchSize: 32,
      warmUpSteps: 12,
      checkpointEverySteps: 30,
      validateEverySteps: 40,
      validationQueries: 20,
    },
    testQueries: 75,
    timing: { inputs: 64, rounds: 4 },
    searchConcepts: 800,
  },
  full: {
    name: "full",
    setups: [
      "ssc",
      "pdf",
      "pdf-half",
      "ssc-equal-time",
      "pdf-shared",
      "pdf-branch",
      "pdf-no-mi",
      "pdf-orthogonality",
      "pdf-no-path-loss",
      "pdf-mean",
      "pdf-n1",
      "pdf-n2",
      "pdf-n8",
      "pdf-prefix-2",
      "pdf-prefix-16",
      "pdf-alike",
      "pdf-apart",
    ],
    seeds: [0, 1, 2],
    ensembleSize: 4,
    training: {
      steps: 600,
      batchSize: 64,
      warmUpSteps: 30,
      checkpointEverySteps: 50,
      validateEverySteps: 100,
      validationQueries: 60,
    },
    testQueries: 300,
    timing: { inputs: 128, rounds: 5 },
    searchConcepts: 2000,
  },
};
