import { scoreEnsemble } from "./ensemble.ts";
import { describeTask, throwIfAborted, type EvaluationOptions, type ModelEvaluation, type TaskEvaluation } from "./evaluate.ts";
import type { EvaluableTask } from "./ranking-task.ts";
import { SharedLists, type EmbedInputs } from "./shared-lists.ts";

/**
 * Embeds every task with each of several models and scores them by the sum of their aggregate scores (`scoreEnsemble`). Every list is
 * held once per member while it is needed.
 * @throws {AbortedError} when `signal` says stop.
 */
export async function evaluateEnsemble<Input>(
  tasks: readonly EvaluableTask<Input>[],
  members: readonly EmbedInputs<Input>[],
  { signal, onTask }: Pick<EvaluationOptions<EvaluableTask<Input>>, "signal" | "onTask"> = {},
): Promise<ModelEvaluation> {
  const lists = members.map((embed) => new SharedLists(tasks, embed));
  const evaluations: TaskEvaluation[] = [];
  for (const task of tasks) {
    throwIfAborted(signal, task.name);
    const embeddings = [];
    for (const list of lists) embeddings.push({ queries: await list.take(task.queries), candidates: await list.take(task.candidates) });
    const evaluation = describeTask(task, scoreEnsemble(task, embeddings));
    evaluations.push(evaluation);
    onTask?.({ task: evaluation, done: evaluations.length, total: tasks.length });
  }
  return { pathCount: members.length, tasks: evaluations, diversity: null };
}
