import { RankCorrelation } from "../embed/diversity/rank-correlation.ts";
import { joinSets, takeRows, type EmbeddingSet } from "../embed/embedding-set.ts";
import { AbortedError } from "../errors/families.ts";
import { measureDiversity, type Diversity } from "./diversity.ts";
import { evenlySpaced } from "./evenly-spaced.ts";
import { chancePrecision, type ConceptGroup, type EvaluableTask } from "./ranking-task.ts";
import { SharedLists, type EmbedInputs } from "./shared-lists.ts";
import { scoreTask, type RowScores, type ScoringOptions, type TaskEmbeddings, type ViewHits } from "./scoring.ts";

/** How one model did on one task. */
export interface TaskEvaluation {
  readonly name: string;
  readonly family: string;
  readonly concepts: ConceptGroup;
  readonly vendor: string;
  /** The mean number of candidates per query. */
  readonly candidates: number;
  /** The P@1 expected of a random choice. */
  readonly chance: number;
  readonly hits: ViewHits;
}

/** How one model, trained with one seed, did. */
export interface ModelEvaluation {
  readonly pathCount: number;
  readonly tasks: readonly TaskEvaluation[];
  /** null if it was not measured, as for an ensemble. */
  readonly diversity: Diversity | null;
}

/** Watches how a task is scored. */
export interface TaskWatcher {
  /** Takes a row's scores, which are the scorer's own: they are to be left as they are. */
  onRow(row: number, scores: RowScores): void;
  /** Called when the task is scored. */
  finish?(): void;
}

/** Makes the watcher of a task, which may go on using its embeddings until it is finished. */
export type WatchTask<Task> = (task: Task, embeddings: TaskEmbeddings) => TaskWatcher;

/** How {@link evaluateModel} goes on. */
export interface EvaluationOptions<Task> extends Pick<ScoringOptions, "weights"> {
  /** Stops between two tasks. */
  readonly signal?: AbortSignal;
  /** Called after each task. */
  readonly onTask?: (progress: { readonly task: TaskEvaluation; readonly done: number; readonly total: number }) => void;
  /** Sees every row's scores. */
  readonly watch?: WatchTask<Task> | undefined;
}

/**
 * Embeds and scores every task with one model, and measures the diversity of its paths. Lists that tasks share (the same array) are
 * embedded once.
 * @param embed turns inputs into a set of the same order. @throws {AbortedError} when `signal` says stop.
 */
export async function evaluateModel<Input, Task extends EvaluableTask<Input>>(
  tasks: readonly Task[],
  embed: EmbedInputs<Input>,
  options: EvaluationOptions<Task> = {},
): Promise<ModelEvaluation> {
  const lists = new SharedLists(tasks, embed);
  const evaluations: TaskEvaluation[] = [];
  const samples: EmbeddingSet[] = [];
  let correlation: RankCorrelation | undefined;
  for (const task of tasks) {
    throwIfAborted(options.signal, task.name);
    const embeddings = { queries: await lists.take(task.queries), candidates: await lists.take(task.candidates) };
    const ranks = (correlation ??= new RankCorrelation(embeddings.queries.pathCount));
    const watcher = options.watch?.(task, embeddings);
    const onRow = (row: number, scores: RowScores): void => {
      ranks.add(scores.paths);
      watcher?.onRow(row, scores);
    };
    const hits = scoreTask(task, embeddings, { ...(options.weights && { weights: options.weights }), onRow });
    watcher?.finish?.();
    const evaluation = describeTask(task, hits);
    samples.push(takeRows(embeddings.queries, evenlySpaced(embeddings.queries.count, Math.ceil(DIVERSITY_ROWS / tasks.length))));
    evaluations.push(evaluation);
    options.onTask?.({ task: evaluation, done: evaluations.length, total: tasks.length });
  }
  const pathCount = samples[0]?.pathCount ?? 1;
  const diversity = correlation === undefined ? null : measureDiversity(joinSets(samples), correlation.mean());
  return { pathCount, tasks: evaluations, diversity };
}

/** A task's facts beside hits found in some other way, e.g. by `scoreEnsemble`. */
export function describeTask<Input>(task: EvaluableTask<Input>, hits: ViewHits): TaskEvaluation {
  const { name, family, concepts, vendor, rows } = task;
  const candidates = rows.reduce((sum, row) => sum + row.candidates.length, 0) / rows.length;
  return { name, family, concepts, vendor, candidates, chance: chancePrecision(task), hits };
}

/** Queries the diversity is measured on, over all tasks. */
const DIVERSITY_ROWS = 1024;

/** @throws {AbortedError} that names the task that was not begun, when `signal` says stop. */
export function throwIfAborted(signal: AbortSignal | undefined, task: string): void {
  if (signal?.aborted !== true) return;
  throw new AbortedError({ message: `the evaluation was stopped before task ${task}`, details: { task }, cause: signal.reason });
}
