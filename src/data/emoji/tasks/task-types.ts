import type { EmbeddingInput } from "../../../inputs/embedding-input.ts";
import type { RandomStream } from "../../../random/random-stream.ts";
import type { EmojiConcept } from "../corpus.ts";
import type { DrawingPainter } from "./drawing-painter.ts";

/** The six families, in the manner of MMEB. */
export const TASK_FAMILIES = [
  "classification",
  "text-to-image",
  "image-to-text",
  "image-to-image",
  "grounding",
  "visual-questions",
] as const;
/** A kind of task. */
export type TaskFamily = (typeof TASK_FAMILIES)[number];

/** One query with the candidates it is to be told from. */
export interface EvaluationRow {
  /** Index into {@link EvaluationTask.queries}. */
  readonly query: number;
  /** Indices into {@link EvaluationTask.candidates}, in random order. */
  readonly candidates: readonly number[];
  /** Where in `candidates` the right one stands. */
  readonly positive: number;
}

/** A set of queries, each to be answered from its own row of candidates. */
export interface EvaluationTask {
  /** "grounding/unseen": unique within a benchmark. */
  readonly name: string;
  readonly family: TaskFamily;
  /** Whether the concepts asked for were in training. */
  readonly concepts: "seen" | "unseen";
  /** The set or sets the queries' drawings come from: "openmoji", "noto+twemoji". */
  readonly vendor: string;
  readonly queries: readonly EmbeddingInput[];
  /** The pool of candidates; tasks that draw from the same pool share the array, so that it need be embedded once. */
  readonly candidates: readonly EmbeddingInput[];
  /** What each query and candidate is, in words, for reports; no model sees them. */
  readonly queryNames: readonly string[];
  readonly candidateNames: readonly string[];
  /** The group of emoji that each row's concept belongs to: "animals & nature". */
  readonly labels: readonly string[];
  readonly rows: readonly EvaluationRow[];
}

/** A query and what answers it. */
export interface TrainingExample {
  readonly query: EmbeddingInput;
  readonly positive: EmbeddingInput;
  /** Near misses, right for no query of the batch. */
  readonly hardNegatives?: readonly EmbeddingInput[];
  /** Examples of one batch with the same key answer each other's query too: mask them, they are no negatives. */
  readonly positiveKey: string;
}

/** One answer to an exercise. */
export interface Answer {
  readonly input: EmbeddingInput;
  /** Its meaning: answers with the same key are equally right. */
  readonly key: string;
  /** What it is, in words; answers of one pool with the same name are one and the same. */
  readonly name: string;
  /** What it is about, where it is about one thing. */
  readonly concept?: EmojiConcept;
}

/** A query, its answer and near misses: what a training example or a row of an evaluation is made of. */
export interface Exercise {
  readonly query: EmbeddingInput;
  readonly queryName: string;
  readonly positive: Answer;
  readonly hardNegatives: readonly Answer[];
  /** Answers of other exercises can stand against this one's if they are of the same kind. */
  readonly answerKind: "subgroup" | "label" | "drawing" | "target drawing" | "count" | "colour";
  /** Whether an answer with another key would be right as well, so that it cannot stand against this one's. */
  readonly alsoRight?: (answer: Answer) => boolean;
}

/** What an exercise is made from. */
export interface ExerciseContext {
  readonly stream: RandomStream;
  /** The concept asked for. */
  readonly concept: EmojiConcept;
  /** What may appear beside it: the concept itself and its variants are passed over. */
  readonly others: readonly EmojiConcept[];
  readonly painter: DrawingPainter;
  /** Pixels on each side of a canvas of four drawings. */
  readonly canvasSize: number;
  /** In training the wordings vary; in evaluation there is one. */
  readonly purpose: "training" | "evaluation";
}

/** How the exercises of a family are made. @returns undefined if the concept does not lend itself to one. */
export type MakeExercise = (context: ExerciseContext) => Exercise | undefined;
