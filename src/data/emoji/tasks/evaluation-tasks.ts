import { RandomStream } from "../../../random/random-stream.ts";
import { conceptsOf, type EmojiConcept, type EmojiCorpus } from "../corpus.ts";
import { KNOWN_SETS, TEST_SETS, type DrawingSetName } from "../drawing-sets.ts";
import { AnswerPool } from "./answer-pool.ts";
import { subgroupAnswer } from "./answers.ts";
import { EvaluationPainter } from "./drawing-painter.ts";
import { MAKE_EXERCISE } from "./make-exercise.ts";
import { TASK_FAMILIES, type Answer, type EvaluationRow, type EvaluationTask, type Exercise, type TaskFamily } from "./task-types.ts";

/** Which tasks are built. */
export interface EvaluationTaskOptions {
  /**
   * "validation": held-out concepts in drawings of the known vendors; all choices are made here. "test": other held-out concepts, in drawings of
   * the unseen vendor (OpenMoji).
   */
  readonly split: "validation" | "test";
  readonly seed: number;
  /** 100 if not given; fewer where there are not that many answers (95 subgroups). */
  readonly candidatesPerRow?: number;
  /** At most this many queries for each task; 300 if not given. */
  readonly queriesPerTask?: number;
  /** All six if not given. */
  readonly families?: readonly TaskFamily[];
  /** The sets the queries' drawings come from; OpenMoji in test, the four known main sets in validation, if not given. */
  readonly querySets?: readonly DrawingSetName[];
  /** The sets the targets of image-to-image come from; Noto in test, the known main sets in validation, if not given. */
  readonly targetSets?: readonly DrawingSetName[];
  /** Pixels on each side of a canvas; twice a drawing if not given. */
  readonly canvasSize?: number;
}

interface TaskSettings extends Required<EvaluationTaskOptions> {
  readonly painter: EvaluationPainter;
}

/**
 * Builds the evaluation: each family twice, over concepts seen in training and over held-out ones, which share no candidate. Every row has one
 * right answer at a random place; no other candidate means the same (the same concept, a variant of it, the same words). A function of the corpus
 * and the options alone.
 */
export function buildEvaluationTasks(corpus: EmojiCorpus, options: EvaluationTaskOptions): EvaluationTask[] {
  const querySets = options.querySets ?? (options.split === "test" ? TEST_SETS : KNOWN_SETS);
  const targetSets = options.targetSets ?? (options.split === "test" ? ["noto"] : KNOWN_SETS);
  const settings: TaskSettings = {
    candidatesPerRow: 100,
    queriesPerTask: 300,
    families: TASK_FAMILIES,
    canvasSize: defaultCanvasSize(corpus),
    ...options,
    querySets,
    targetSets,
    painter: new EvaluationPainter(querySets, targetSets),
  };
  const seen = conceptsOf(corpus, "train");
  const unseen = conceptsOf(corpus, options.split);
  return [...tasksOver(seen, "seen", corpus, settings), ...tasksOver(unseen, "unseen", corpus, settings)];
}

/** Pixels on each side of a canvas of four drawings: twice a drawing, so that each is as large on it as by itself. */
export function defaultCanvasSize(corpus: EmojiCorpus): number {
  return corpus.size * 2;
}

function tasksOver(all: readonly EmojiConcept[], group: "seen" | "unseen", corpus: EmojiCorpus, settings: TaskSettings): EvaluationTask[] {
  const concepts = new RandomStream(settings.seed, "concepts", group).sample(all, settings.queriesPerTask);
  const exercises = settings.families.map((family) => ({ family, made: exercisesOf(family, concepts, group, settings) }));
  const pools = { image: new AnswerPool(), text: new AnswerPool() };
  for (const subgroup of new Set(corpus.concepts.map((concept) => concept.subgroup))) pools.text.add("subgroup", subgroupAnswer(subgroup));
  for (const exercise of exercises.flatMap(({ made }) => made)) {
    for (const answer of [exercise.positive, ...exercise.hardNegatives]) pools[mediumOf(exercise)].add(exercise.answerKind, answer);
  }
  return exercises.map(({ family, made }) => {
    const pool = made[0] === undefined ? pools.text : pools[mediumOf(made[0])];
    const stream = new RandomStream(settings.seed, "rows", family, group);
    return {
      name: `${family}/${group}`,
      family,
      concepts: group,
      vendor: settings.querySets.join("+"),
      queries: made.map((exercise) => exercise.query),
      candidates: pool.inputs,
      queryNames: made.map((exercise) => exercise.queryName),
      candidateNames: pool.names,
      labels: made.map((exercise) => exercise.about),
      rows: made.map((exercise, query) => makeRow(exercise, query, pool, { stream, length: settings.candidatesPerRow })),
    };
  });
}

/** An exercise, and the group of emoji that its concept belongs to. */
type AskedExercise = Exercise & { readonly about: string };

function exercisesOf(family: TaskFamily, concepts: readonly EmojiConcept[], group: string, settings: TaskSettings): AskedExercise[] {
  const { painter, canvasSize, seed } = settings;
  return concepts.flatMap((concept) => {
    const stream = new RandomStream(seed, "exercise", family, group, concept.id);
    const exercise = MAKE_EXERCISE[family]({ stream, concept, others: concepts, painter, canvasSize, purpose: "evaluation" });
    return exercise === undefined ? [] : [{ ...exercise, about: concept.group }];
  });
}

function mediumOf(exercise: Exercise): "image" | "text" {
  return exercise.positive.input.image === undefined ? "text" : "image";
}

/** Where a row is filled up from when there are too few answers of its own kind. */
const FURTHER_KINDS: Readonly<Partial<Record<Exercise["answerKind"], readonly Exercise["answerKind"][]>>> = {
  count: ["colour", "label"],
  colour: ["count", "label"],
};

/** The right answer, the exercise's own near misses, and random others of its kind, shuffled. */
function makeRow(
  exercise: Exercise,
  query: number,
  pool: AnswerPool,
  { stream, length }: { readonly stream: RandomStream; readonly length: number },
): EvaluationRow {
  const { positive, answerKind } = exercise;
  const isWrong = (answer: Answer): boolean => answer.key !== positive.key && exercise.alsoRight?.(answer) !== true;
  const wrongPlaces = new Set(exercise.hardNegatives.filter(isWrong).map((answer) => pool.placeOf(answerKind, answer)));
  for (const kind of [answerKind, ...(FURTHER_KINDS[answerKind] ?? [])]) {
    for (const answer of stream.shuffle(pool.ofKind(kind)).filter(isWrong)) wrongPlaces.add(pool.placeOf(kind, answer));
  }
  const right = pool.placeOf(answerKind, positive);
  const candidates = stream.shuffle([right, ...[...wrongPlaces].slice(0, length - 1)]);
  return { query, candidates, positive: candidates.indexOf(right) };
}
