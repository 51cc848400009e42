import type { EmbeddingInput } from "../../inputs/embedding-input.ts";
import { evaluateModel, type EvaluationOptions, type ModelEvaluation } from "../evaluate.ts";
import type { EvaluableTask } from "../ranking-task.ts";
import type { EmbedInputs } from "../shared-lists.ts";
import { embedTasks, type EmbedTasksOptions } from "./embed-tasks.ts";

/**
 * Runs a benchmark's tasks with a model: every distinct query and candidate is embedded once, every row is scored in all views (aggregate, each
 * path, path-aligned sum, MaxSim, oracle), and the diversity of the paths is measured. `buildReport` adds intervals.
 * @throws {AbortedError} when `signal` says stop, and whatever `embed` throws.
 */
export async function evaluateEmbedder<Task extends EvaluableTask<EmbeddingInput>>(
  embed: EmbedInputs<EmbeddingInput>,
  tasks: readonly Task[],
  { watch, ...options }: EmbedTasksOptions & Pick<EvaluationOptions<Task>, "watch"> = {},
): Promise<ModelEvaluation> {
  return evaluateModel(tasks, await embedTasks(tasks, embed, options), { watch });
}
