import { joinSets, takeRows, type EmbeddingSet } from "../../embed/embedding-set.ts";
import { AbortedError } from "../../errors/families.ts";
import type { EmbeddingInput } from "../../inputs/embedding-input.ts";
import type { EvaluableTask } from "../ranking-task.ts";
import type { EmbedInputs } from "../shared-lists.ts";
import { DistinctInputs } from "./distinct-inputs.ts";

/** How inputs of tasks are embedded. */
export interface EmbedTasksOptions {
  /** Stops between two slices of inputs. */
  readonly signal?: AbortSignal | undefined;
  /** Called at the start and after each slice. */
  readonly onProgress?: ((progress: { readonly done: number; readonly total: number }) => void) | undefined;
}

/** Inputs that are given to the model at once: what an embedder sorts into batches of like size. */
const SLICE = 256;

/**
 * Embeds every query and candidate of the tasks once, however many tasks share it.
 * @returns the tasks' lists as embeddings: for `evaluateModel` and `evaluateEnsemble`. @throws {AbortedError} when `signal` says stop.
 */
export async function embedTasks(
  tasks: readonly EvaluableTask<EmbeddingInput>[],
  embed: EmbedInputs<EmbeddingInput>,
  { signal, onProgress }: EmbedTasksOptions = {},
): Promise<EmbedInputs<EmbeddingInput>> {
  const distinct = new DistinctInputs(tasks);
  const total = distinct.inputs.length;
  const sets: EmbeddingSet[] = [];
  onProgress?.({ done: 0, total });
  for (let from = 0; from < total; from += SLICE) {
    if (signal?.aborted === true) throw new AbortedError({ message: "the evaluation was stopped", cause: signal.reason });
    sets.push(await embed(distinct.inputs.slice(from, from + SLICE)));
    onProgress?.({ done: Math.min(total, from + SLICE), total });
  }
  const all = joinSets(sets);
  return async (list) => takeRows(all, distinct.placesOf(list));
}
