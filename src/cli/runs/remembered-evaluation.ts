import { join } from "node:path";
import { loadModel } from "../../embed/load-model.ts";
import { evaluateEmbedder } from "../../eval/benchmark/evaluate-embedder.ts";
import type { ModelEvaluation, WatchTask } from "../../eval/evaluate.ts";
import { parseEvaluationRecord, toEvaluationRecord } from "../../eval/evaluation-record.ts";
import type { EvaluableTask } from "../../eval/ranking-task.ts";
import { writeJsonAtomic } from "../../files/atomic-write.ts";
import { readJsonFile } from "../../files/json-file.ts";
import type { EmbeddingInput } from "../../inputs/embedding-input.ts";
import { RUN_FILES } from "../../train/run/run-files.ts";
import { showProgress } from "../evaluation/show-progress.ts";
import { threadsOf, type ModelRunContext } from "./run-context.ts";

/** A run to be scored. */
export interface ScoredRunOptions<Task extends EvaluableTask<EmbeddingInput>> {
  /** What its progress is called. */
  readonly label: string;
  /** The run's folder, which holds the trained model. */
  readonly folder: string;
  /** Where the outcome is kept. */
  readonly file: string;
  readonly tasks: readonly Task[];
  /** Sees every row's scores; nothing of an outcome that was kept. */
  readonly watch?: WatchTask<Task> | undefined;
  /** Score it even if an outcome was kept. */
  readonly again?: boolean | undefined;
}

/** Scores a run's model on tasks, or reads what it scored before. @throws {AbortedError} when the context's signal fires. */
export async function scoreRun<Task extends EvaluableTask<EmbeddingInput>>(
  { label, folder, file, tasks, watch, again = false }: ScoredRunOptions<Task>,
  context: ModelRunContext,
): Promise<ModelEvaluation> {
  const score = async (): Promise<ModelEvaluation> => {
    await using model = await loadModel(join(folder, RUN_FILES.model), threadsOf(context));
    const shown = showProgress(context, { label, unit: "inputs" });
    return await evaluateEmbedder((inputs) => model.embedSet(inputs), tasks, { ...shown.options, watch }).finally(shown.finish);
  };
  return again ? keptEvaluation(file, score) : rememberedEvaluation(file, tasks, score);
}

/**
 * An evaluation that was written before, else a new one, which is written.
 * @param tasks what it must be on; undefined where the file's name tells.
 */
export async function rememberedEvaluation(
  file: string,
  tasks: readonly Pick<EvaluableTask<EmbeddingInput>, "name" | "rows">[] | undefined,
  evaluate: () => Promise<ModelEvaluation>,
): Promise<ModelEvaluation> {
  const record = await readJsonFile(file).catch(() => undefined);
  const known = record === undefined ? undefined : parseEvaluationRecord(record, file);
  if (known !== undefined && (tasks === undefined || isOn(known, tasks))) return known;
  return keptEvaluation(file, evaluate);
}

/** A new evaluation, which is written. */
async function keptEvaluation(file: string, evaluate: () => Promise<ModelEvaluation>): Promise<ModelEvaluation> {
  const evaluation = await evaluate();
  await writeJsonAtomic(file, toEvaluationRecord(evaluation));
  return evaluation;
}

function isOn({ tasks: known }: ModelEvaluation, tasks: readonly Pick<EvaluableTask<EmbeddingInput>, "name" | "rows">[]): boolean {
  const isSame = known.every(({ name, hits }, place) => {
    const task = tasks[place];
    return task?.name === name && task.rows.length === hits.aggregate.length;
  });
  return isSame && known.length === tasks.length;
}
