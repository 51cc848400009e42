import { invariant, present } from "../../errors/families.ts";
import { mean } from "../bootstrap.ts";
import type { ModelEvaluation } from "../evaluate.ts";
import type { ReportModelInput } from "../report/report-input.ts";
import type { Fact, ModelCost } from "../report/report-types.ts";
import { ModelScorer, type ScoredTask } from "../report/score-models.ts";
import { SWEEP_VIEWS, type SweepReport, type SweepReportCell, type SweepScores, type SweepView } from "./sweep-report.ts";

/** One seed of a cell, as it ended. */
export interface SweepRunInput {
  readonly seed: number;
  readonly folder: string;
  /** undefined for a run that failed. */
  readonly outcome?: { readonly validation: ModelEvaluation; readonly test?: ModelEvaluation | undefined } | undefined;
  readonly failure?: string | undefined;
  readonly trainingSeconds?: number | undefined;
}

/** One cell and its runs. */
export interface SweepCellInput extends Pick<SweepReportCell, "id" | "label" | "settings" | "aliases"> {
  /** One per seed. */
  readonly runs: readonly SweepRunInput[];
  readonly cost?: Partial<ModelCost> | undefined;
}

/** What a sweep's report is made of. */
export interface SweepInput {
  readonly title: string;
  readonly createdAt: Date;
  readonly notices?: readonly string[];
  readonly facts?: readonly Fact[];
  readonly view: SweepView;
  readonly fields: readonly string[];
  readonly seeds: readonly number[];
  /** The id of the cell that the others are compared with. */
  readonly baseline: string;
  readonly cells: readonly SweepCellInput[];
  readonly bootstrap?: { readonly seed?: number; readonly resamples?: number };
}

/**
 * Works out everything that a sweep's report shows: scores over seeds, paired differences from the baseline on the seeds that both have, the best cell
 * by validation. Test scores are never looked at for a choice.
 * @throws {DataError} if cells were scored on different tasks.
 */
export function buildSweepReport(input: SweepInput): SweepReport {
  invariant(input.cells.some(({ id }) => id === input.baseline), "the baseline is one of the cells"); // prettier-ignore
  const options = { seed: input.bootstrap?.seed ?? 0, resamples: input.bootstrap?.resamples ?? 2000 };
  const validation = new CellScorer(input.cells, ({ outcome }) => outcome?.validation, options);
  const test = new CellScorer(input.cells, ({ outcome }) => outcome?.test, options);
  const cells = input.cells.map((cell) => describeCell(cell, { input, validation, test }));
  const best = bestOf(cells, input.view);
  return {
    format: "polyvec-sweep",
    version: 1,
    title: input.title,
    createdAt: input.createdAt.toISOString(),
    notices: [...noticesOf(cells, input), ...(input.notices ?? [])],
    facts: input.facts ?? [],
    bootstrap: { ...options, confidence: 0.95 },
    seeds: input.seeds,
    fields: input.fields,
    view: input.view,
    baseline: input.baseline,
    best: best?.id ?? null,
    tasks: validation.tasks.map(({ name, queries }) => ({ name, queries })),
    cells,
  };
}

/** Scores cells on one part of the data: only the runs that have an evaluation on it. */
class CellScorer {
  readonly tasks: readonly ScoredTask[];
  readonly #scorer: ModelScorer;
  readonly #models: ReadonlyMap<string, ReportModelInput>;
  readonly #restricted = new Set<string>();

  constructor(
    cells: readonly SweepCellInput[],
    pick: (run: SweepRunInput) => ModelEvaluation | undefined,
    options: { readonly seed: number; readonly resamples: number },
  ) {
    const models = cells.flatMap(({ id, label, runs }) => {
      const scored = runs.flatMap((run) => {
        const evaluation = pick(run);
        return evaluation === undefined ? [] : [{ seed: run.seed, evaluation }];
      });
      return scored.length === 0 ? [] : [{ id, name: label, role: "ablation", runs: scored } as const];
    });
    this.#models = new Map(models.map((model) => [model.id, model]));
    this.tasks = (models[0]?.runs[0]?.evaluation.tasks ?? []).map(({ name, concepts, hits }) => ({ name, concepts, queries: hits.aggregate.length })); // prettier-ignore
    this.#scorer = new ModelScorer(this.tasks, options);
    for (const model of models) this.#scorer.add(model);
  }

  scores(id: string): SweepScores | null {
    if (!this.#models.has(id)) return null;
    const scores = this.#scorer.scores(id);
    return Object.fromEntries(SWEEP_VIEWS.map((view) => [view, scores[view].means.all])) as SweepScores;
  }

  pathCount(id: string): number | null {
    return this.#models.get(id)?.runs[0]?.evaluation.pathCount ?? null;
  }

  /** The difference on the seeds that both cells have; null if there is none. */
  difference(id: string, baseline: string, view: SweepView): SweepReportCell["difference"] {
    const seeds = this.#seedsOf(baseline).filter((seed) => this.#seedsOf(id).includes(seed));
    if (id === baseline || seeds.length === 0) return null;
    const [left, right] = [this.#onSeeds(id, seeds), this.#onSeeds(baseline, seeds)];
    return this.#scorer.compare({ model: left, view }, { model: right, view }).means.all;
  }

  #seedsOf(id: string): readonly number[] {
    return this.#models.get(id)?.runs.map(({ seed }) => seed) ?? [];
  }

  /** The name of a cell's part of some seeds, so that seeds that one cell lacks are not averaged over in the other. */
  #onSeeds(id: string, seeds: readonly number[]): string {
    if (seeds.length === this.#seedsOf(id).length) return id;
    const name = `${id} on ${seeds.join(", ")}`;
    const model = present(this.#models.get(id), id);
    if (!this.#restricted.has(name)) this.#scorer.add({ ...model, id: name, runs: model.runs.filter(({ seed }) => seeds.includes(seed)) }); // prettier-ignore
    this.#restricted.add(name);
    return name;
  }
}

interface Scored {
  readonly input: SweepInput;
  readonly validation: CellScorer;
  readonly test: CellScorer;
}

function describeCell(cell: SweepCellInput, { input, validation, test }: Scored): SweepReportCell {
  const { id, label, settings, aliases, runs, cost = {} } = cell;
  const failed = runs.filter(({ outcome }) => outcome === undefined).length;
  const seconds = runs.flatMap(({ trainingSeconds, outcome }) => (outcome === undefined ? [] : (trainingSeconds ?? [])));
  return {
    id,
    label,
    settings,
    aliases,
    status: failed === 0 ? "finished" : failed < runs.length ? "partial" : "failed",
    runs: runs.map(({ seed, folder, outcome, failure }) => ({
      seed,
      folder,
      failure: outcome === undefined ? (failure ?? "unknown") : null,
    })),
    pathCount: validation.pathCount(id),
    validation: validation.scores(id),
    difference: validation.difference(id, input.baseline, input.view),
    test: test.scores(id),
    cost: {
      trainingSeconds: seconds.length === 0 ? null : mean(seconds),
      trainingFlops: cost.trainingFlops ?? null,
      trainableParameters: cost.trainableParameters ?? null,
      embeddingMs: cost.embeddingMs ?? { single: null, aggregate: null, all: null },
    },
  };
}

function bestOf(cells: readonly SweepReportCell[], view: SweepView): SweepReportCell | undefined {
  const finished = cells.filter(({ status }) => status === "finished");
  const score = ({ validation }: SweepReportCell): number => validation?.[view].value ?? -Infinity;
  return finished.toSorted((left, right) => score(right) - score(left))[0];
}

function noticesOf(cells: readonly SweepReportCell[], { seeds, baseline }: SweepInput): string[] {
  const failed = cells.filter(({ status }) => status !== "finished");
  const compared = cells.length - 1;
  return [
    ...(seeds.length > 1 ? [] : ["One seed a cell: the luck of the seed is not in the intervals, so close cells cannot be told apart."]),
    ...(failed.length === 0
      ? []
      : [`${failed.length} of ${cells.length} cells did not finish with every seed; they are shown and cannot be chosen.`]),
    ...(cells.find(({ id }) => id === baseline)?.validation === null
      ? ["The baseline did not finish with any seed, so nothing is compared with it."]
      : []),
    ...(compared < 2
      ? []
      : [`${compared} cells are compared with one: of twenty differences of nothing, about one leaves out 0 by luck, and the best of many looks better on validation than it is.`]), // prettier-ignore
  ];
}
