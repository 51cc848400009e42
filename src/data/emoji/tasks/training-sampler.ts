import { ConfigError, invariant } from "../../../errors/families.ts";
import { RandomStream } from "../../../random/random-stream.ts";
import { conceptsOf, type EmojiConcept, type EmojiCorpus } from "../corpus.ts";
import { DRAWING_SETS, TRAINING_SETS, type DrawingSetName } from "../drawing-sets.ts";
import { TrainingPainter } from "./drawing-painter.ts";
import { defaultCanvasSize } from "./evaluation-tasks.ts";
import { MAKE_EXERCISE } from "./make-exercise.ts";
import { TASK_FAMILIES, type Exercise, type TaskFamily, type TrainingExample } from "./task-types.ts";

/** How training batches are drawn. */
export interface TrainingSamplerOptions {
  readonly seed: number;
  /** Examples in a batch. */
  readonly batchSize: number;
  /** How often each family is drawn, in proportion; a family not named has weight 0. All alike if not given. */
  readonly mixture?: Readonly<Partial<Record<TaskFamily, number>>>;
  /** Whether drawings are changed at random in ways that keep their meaning; true if not given. */
  readonly augmentation?: boolean;
  /** At most so many hard negatives for each example, where its family has any; 1 if not given. */
  readonly hardNegatives?: number;
  /** The sets drawings come from: all but OpenMoji if not given. Leave a vendor out to rehearse the test on it. */
  readonly sets?: readonly DrawingSetName[];
  /** Examples in a batch of canvases, which have four times the pixels; `batchSize` if not given. */
  readonly canvasBatchSize?: number;
  /** Pixels on each side of a canvas; twice a drawing if not given. */
  readonly canvasSize?: number;
}

/** The examples of one step, all of one family. */
export interface TrainingBatch {
  readonly task: TaskFamily;
  readonly examples: readonly TrainingExample[];
}

/**
 * Draws training batches over the training concepts. `batch(step)` depends on the seed and the step alone, so a resumed run needs no replay and
 * steps may be drawn in any order. No batch asks for two variants of one concept as long as there are enough concepts.
 * @throws {ConfigError} if a family or set is unknown, weights are negative or all 0, or the sets are too few or for test only.
 */
export class TrainingSampler {
  readonly #options: Required<Omit<TrainingSamplerOptions, "mixture">>;
  readonly #mixture: readonly (readonly [TaskFamily, number])[];
  readonly #concepts: readonly EmojiConcept[];
  readonly #groups: readonly (readonly EmojiConcept[])[];
  readonly #painter: TrainingPainter;

  constructor(corpus: EmojiCorpus, options: TrainingSamplerOptions) {
    const canvases = { canvasSize: defaultCanvasSize(corpus), canvasBatchSize: options.batchSize };
    const defaults = { augmentation: true, hardNegatives: 1, sets: TRAINING_SETS, ...canvases };
    this.#options = { ...defaults, ...options };
    this.#mixture = parseMixture(options.mixture);
    this.#concepts = conceptsOf(corpus, "train");
    this.#groups = groupVariants(this.#concepts);
    checkTrainingSets(this.#options.sets);
    this.#painter = new TrainingPainter(this.#options);
  }

  /** The batch of a step. @param step a whole number from 0. */
  batch(step: number): TrainingBatch {
    const { seed } = this.#options;
    const stream = new RandomStream(seed, "batch", step);
    const task = drawFamily(this.#mixture, stream);
    const batchSize = CANVAS_FAMILIES.has(task) ? this.#options.canvasBatchSize : this.#options.batchSize;
    const exercises: Exercise[] = [];
    for (let round = 0; exercises.length < batchSize; round++) {
      invariant(round < batchSize + 1, `no exercises of ${task} can be made`);
      for (const group of stream.sample(this.#groups, batchSize - exercises.length)) {
        const exercise = this.#makeExercise(task, stream.pick(group), new RandomStream(seed, "example", step, exercises.length));
        if (exercise !== undefined) exercises.push(exercise);
      }
    }
    return { task, examples: toExamples(exercises, this.#options.hardNegatives) };
  }

  #makeExercise(task: TaskFamily, concept: EmojiConcept, stream: RandomStream): Exercise | undefined {
    const { canvasSize } = this.#options;
    return MAKE_EXERCISE[task]({ stream, concept, others: this.#concepts, painter: this.#painter, canvasSize, purpose: "training" });
  }
}

/** The families whose queries show canvases. */
const CANVAS_FAMILIES: ReadonlySet<TaskFamily> = new Set(["grounding", "visual-questions"]);

/** The concepts by group of variants. */
function groupVariants(concepts: readonly EmojiConcept[]): EmojiConcept[][] {
  const groups = new Map<string, EmojiConcept[]>();
  for (const concept of concepts) {
    const group = groups.get(concept.variantGroup);
    if (group === undefined) groups.set(concept.variantGroup, [concept]);
    else group.push(concept);
  }
  return [...groups.values()];
}

/**
 * Checks that a model may be trained on these sets.
 * @throws {ConfigError} if one is for test only, or fewer than two vendors draw every concept.
 */
export function checkTrainingSets(sets: readonly DrawingSetName[]): void {
  const refused = sets.find((name) => !TRAINING_SETS.includes(name));
  if (refused !== undefined) {
    throw new ConfigError({
      message: `the drawings of ${refused} cannot be trained on: got it among the sets, expected some of ${TRAINING_SETS.join(", ")}`,
      details: { field: "sets", got: refused, expected: TRAINING_SETS },
    });
  }
  const vendors = new Set(DRAWING_SETS.filter((set) => set.role === "main" && sets.includes(set.name)).map((set) => set.vendor));
  if (vendors.size >= 2) return;
  throw new ConfigError({
    message: `the sets ${sets.join(", ")} are too few: at least two vendors must draw every concept; add noto, twemoji or fluent-3d`,
    details: { field: "sets", got: sets },
  });
}

function parseMixture(mixture: TrainingSamplerOptions["mixture"]): (readonly [TaskFamily, number])[] {
  if (mixture === undefined) return TASK_FAMILIES.map((family) => [family, 1]);
  for (const [family, weight] of Object.entries(mixture)) {
    if (!TASK_FAMILIES.includes(family as TaskFamily)) {
      throw mixtureError(`"${family}" is no task family; expected ${TASK_FAMILIES.join(", ")}`, family);
    }
    if (!(weight >= 0 && weight < Infinity))
      throw mixtureError(`the weight of ${family} is ${weight}; expected a number from 0 up`, family);
  }
  const weights = TASK_FAMILIES.map((family) => [family, mixture[family] ?? 0] as const).filter(([, weight]) => weight > 0);
  if (weights.length === 0) throw mixtureError("every weight is 0; give at least one family a weight above 0", undefined);
  return weights;
}

function mixtureError(problem: string, family: string | undefined): ConfigError {
  const field = family === undefined ? "mixture" : `mixture.${family}`;
  return new ConfigError({ message: `the mixture of tasks is wrong: ${problem}`, details: { field } });
}

function drawFamily(mixture: readonly (readonly [TaskFamily, number])[], stream: RandomStream): TaskFamily {
  let draw = stream.uniform() * mixture.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [family, weight] of mixture) {
    draw -= weight;
    if (draw < 0) return family;
  }
  return (mixture.at(-1) as readonly [TaskFamily, number])[0];
}

/** Drops near misses that are right for another example of the batch, and keeps at most `limit` of the rest. */
function toExamples(exercises: readonly Exercise[], limit: number): TrainingExample[] {
  const keys = new Set(exercises.map((exercise) => exercise.positive.key));
  return exercises.map(({ query, positive, hardNegatives }) => {
    const kept = hardNegatives.filter((answer) => !keys.has(answer.key)).slice(0, limit);
    const example = { query, positive: positive.input, positiveKey: positive.key };
    return kept.length === 0 ? example : { ...example, hardNegatives: kept.map((answer) => answer.input) };
  });
}
