import type { EmbeddingInput, RawImage } from "../../inputs/embedding-input.ts";
import { RandomStream } from "../../random/random-stream.ts";
import { CANVAS_PLACES, cropCanvas } from "../images/canvas.ts";
import { resizeImage } from "../images/resize-image.ts";
import type { EmojiConcept } from "./corpus.ts";
import { DRAWING_SETS, type DrawingSetName } from "./drawing-sets.ts";
import type { EvaluationRow, EvaluationTask } from "./tasks/task-types.ts";

/** How a baseline did on a task. */
export interface BaselineScore {
  /** The share of rows whose right candidate scored higher than every other; ties are misses. Not a number (NaN) without rows. */
  readonly precision: number;
  /** The same, had one of the tied candidates been picked at random: for words, what guessing without looking reaches. */
  readonly expected: number;
  /** Whether each row was a hit, in the order of the rows. */
  readonly hits: readonly boolean[];
}

/** Names of the baselines. */
export type BaselineName = "chance" | "pixels" | "words" | "blind";

/** What the baselines reach on a task; null where one has nothing to go by (pixels against words). */
export type TaskBaselines = Readonly<Record<BaselineName, number | null>>;

/** Chance, raw pixels, words in common and blind guessing, on every task. */
export function scoreBaselines(tasks: readonly EvaluationTask[]): Map<string, TaskBaselines> {
  return new Map(tasks.map((task) => [task.name, baselinesOf(task)]));
}

function baselinesOf(task: EvaluationTask): TaskBaselines {
  const [pixels, words] = [scorePixels(task), scoreWords(task)];
  return {
    chance: chancePrecision(task),
    pixels: pixels?.precision ?? null,
    words: words?.precision ?? null,
    blind: words?.expected ?? null,
  };
}

/** The P@1 a random choice is expected to reach: the mean over rows of one by the number of candidates. */
export function chancePrecision(task: EvaluationTask): number {
  return mean(task.rows.map((row) => 1 / row.candidates.length));
}

/**
 * Raw pixels: the cosine of the 32 x 32 RGB values, each picture's mean taken off; of a canvas in grounding, the best of its four quarters (which
 * finds the four crops, and then must guess). Undefined where queries or candidates have no picture.
 */
export function scorePixels(task: EvaluationTask): BaselineScore | undefined {
  const queries = new Map(task.queries.map((query) => [query, picturesOf(query, task.family === "grounding").map(pixelVector)]));
  const used = new Set(task.rows.flatMap((row) => row.candidates));
  const candidates = new Map([...used].map((place) => inputVectors(task.candidates[place] as EmbeddingInput)));
  return scoreTask(task, (query, candidate) => {
    const target = candidates.get(candidate)?.[0];
    const scores = target === undefined ? [] : (queries.get(query) ?? []).map((vector) => dot(vector, target));
    return scores.length === 0 ? undefined : Math.max(...scores);
  });
}

function inputVectors(input: EmbeddingInput): [EmbeddingInput, Float32Array[]] {
  return [input, picturesOf(input, false).map(pixelVector)];
}

/** The picture of an input, or its four quarters. */
function picturesOf(input: EmbeddingInput, quarters: boolean): RawImage[] {
  const image = rawImageOf(input);
  if (image === undefined) return [];
  return quarters ? CANVAS_PLACES.map((place) => cropCanvas(image, place)) : [image];
}

/**
 * Words in common: the Jaccard overlap of the words of query and candidate. Undefined where either has no text. It tells how far a question can
 * be answered without looking at the picture.
 */
export function scoreWords(task: EvaluationTask): BaselineScore | undefined {
  return scoreTask(task, (query, candidate) => {
    if (query.text === undefined || candidate.text === undefined) return undefined;
    const [left, right] = [wordSet(query.text), wordSet(candidate.text)];
    const common = [...left].filter((word) => right.has(word)).length;
    return common / Math.max(1, left.size + right.size - common);
  });
}

/** P@1 of raw pixels from drawings of one set to drawings of another. */
export interface VendorPairScore {
  readonly query: DrawingSetName;
  readonly target: DrawingSetName;
  readonly precision: number;
}

/**
 * Raw pixels between every two main sets: each concept's drawing in one set against `candidates` drawings in another, its own among them and no
 * variant of it.
 * @param candidates for each query; 100 if not given.
 */
export function scorePixelsByVendor(concepts: readonly EmojiConcept[], seed: number, candidates = 100): VendorPairScore[] {
  const sets = DRAWING_SETS.filter((set) => set.role !== "extra").map((set) => set.name);
  const vectors = new Map(sets.map((set) => [set, concepts.map((concept) => drawingVector(concept, set))]));
  const rows = concepts.map((concept, index) => {
    const others = concepts.flatMap((other, place) => (other.variantGroup === concept.variantGroup ? [] : [place]));
    return [index, ...new RandomStream(seed, "vendor pairs", concept.id).sample(others, candidates - 1)];
  });
  const pairs = sets.flatMap((query) => sets.flatMap((target) => (query === target ? [] : [{ query, target }])));
  return pairs.map(({ query, target }) => {
    const from = vectors.get(query) ?? [];
    const to = vectors.get(target) ?? [];
    const hits = rows.map((row, index) =>
      isHit(
        row.map((place) => dot(from[index] as Float32Array, to[place] as Float32Array)),
        0,
      ),
    );
    return { query, target, precision: mean(hits.map(Number)) };
  });
}

type Scorer = (query: EmbeddingInput, candidate: EmbeddingInput) => number | undefined;

function scoreTask(task: EvaluationTask, scorer: Scorer): BaselineScore | undefined {
  const hits: boolean[] = [];
  const shares: number[] = [];
  for (const row of task.rows) {
    const scores = scoreRow(task, row, scorer);
    if (scores === undefined) return undefined;
    hits.push(isHit(scores, row.positive));
    shares.push(shareOfBest(scores, row.positive));
  }
  return { precision: mean(hits.map(Number)), expected: mean(shares), hits };
}

function scoreRow(task: EvaluationTask, row: EvaluationRow, scorer: Scorer): number[] | undefined {
  const query = task.queries[row.query] as EmbeddingInput;
  const scores = row.candidates.map((candidate) => scorer(query, task.candidates[candidate] as EmbeddingInput));
  return scores.every((score) => score !== undefined) ? scores : undefined;
}

/** Whether the score at `positive` is above all others. */
function isHit(scores: readonly number[], positive: number): boolean {
  const best = scores[positive] as number;
  return scores.every((score, place) => place === positive || score < best);
}

/** One by the number of candidates that share the best score with `positive`; 0 if it has less. */
function shareOfBest(scores: readonly number[], positive: number): number {
  const best = Math.max(...scores);
  return scores[positive] === best ? 1 / scores.filter((score) => score === best).length : 0;
}

function rawImageOf(input: EmbeddingInput): RawImage | undefined {
  return typeof input.image === "object" && "data" in input.image ? input.image : undefined;
}

function drawingVector(concept: EmojiConcept, set: DrawingSetName): Float32Array {
  const drawing = concept.drawings.get(set);
  return drawing === undefined ? new Float32Array(32 * 32 * 3) : pixelVector(drawing.image);
}

/** 32 x 32 RGB values without their mean, of unit length (all 0 for a picture of one colour). */
function pixelVector(image: RawImage): Float32Array {
  const { data } = resizeImage(image, 32, 32);
  const average = mean([...data]);
  const vector = Float32Array.from(data, (value) => value - average);
  const length = Math.sqrt(dot(vector, vector));
  return length === 0 ? vector : vector.map((value) => value / length);
}

function wordSet(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
}

function dot(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < left.length; index++) sum += (left[index] as number) * (right[index] as number);
  return sum;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
