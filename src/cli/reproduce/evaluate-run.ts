import { join } from "node:path";
import { loadModel } from "../../embed/load-model.ts";
import { embedTasks } from "../../eval/benchmark/embed-tasks.ts";
import { evaluateEmbedder } from "../../eval/benchmark/evaluate-embedder.ts";
import { evaluateEnsemble } from "../../eval/evaluate-ensemble.ts";
import type { ModelEvaluation } from "../../eval/evaluate.ts";
import { parseEvaluationRecord, toEvaluationRecord } from "../../eval/evaluation-record.ts";
import type { EmbedInputs } from "../../eval/shared-lists.ts";
import { writeJsonAtomic } from "../../files/atomic-write.ts";
import { readJsonFile } from "../../files/json-file.ts";
import type { EmbeddingInput } from "../../inputs/embedding-input.ts";
import { RUN_FILES } from "../../train/run/run-files.ts";
import { showProgress } from "../evaluation/show-progress.ts";
import type { ReproduceContext } from "./reproduce-context.ts";

const EVALUATION_FILE = "evaluation.json";

/** Scores a run's model on the test tasks, or reads what it scored before. @throws {AbortedError} when the context's signal fires. */
export async function evaluateRun(label: string, folder: string, context: ReproduceContext): Promise<ModelEvaluation> {
  return remembered(join(folder, EVALUATION_FILE), context, async () => {
    await using model = await loadModel(join(folder, RUN_FILES.model), threadsOf(context));
    const shown = showProgress(context, { label, unit: "inputs" });
    return await evaluateEmbedder((inputs) => model.embedSet(inputs), context.testTasks, shown.options).finally(shown.finish);
  });
}

/** Scores several models by their summed scores, or reads what they scored before. @param folders the members' run folders. */
export async function evaluateSum(label: string, folders: readonly string[], context: ReproduceContext): Promise<ModelEvaluation> {
  return remembered(join(context.out, `evaluation-sum-of-${folders.length}.json`), context, async () => {
    const members: EmbedInputs<EmbeddingInput>[] = [];
    for (const folder of folders) {
      await using model = await loadModel(join(folder, RUN_FILES.model), threadsOf(context));
      const shown = showProgress(context, { label, unit: "inputs" });
      members.push(await embedTasks(context.testTasks, (inputs) => model.embedSet(inputs), shown.options).finally(shown.finish));
    }
    return evaluateEnsemble(context.testTasks, members);
  });
}

/** Options of `loadModel` that hold for the whole reproduction. */
export function threadsOf({ threads }: Pick<ReproduceContext, "threads">): { readonly threads?: number } {
  return threads === undefined ? {} : { threads };
}

/** An evaluation on the tasks of now that was written before, else a new one, which is written. */
async function remembered(
  file: string,
  { testTasks }: ReproduceContext,
  evaluate: () => Promise<ModelEvaluation>,
): Promise<ModelEvaluation> {
  const record = await readJsonFile(file).catch(() => undefined);
  const known = record === undefined ? undefined : parseEvaluationRecord(record, file);
  const isOfNow = known?.tasks.every(({ name, hits }, place) => {
    const task = testTasks[place];
    return task?.name === name && task.rows.length === hits.aggregate.length;
  });
  if (known !== undefined && isOfNow === true && known.tasks.length === testTasks.length) return known;
  const evaluation = await evaluate();
  await writeJsonAtomic(file, toEvaluationRecord(evaluation));
  return evaluation;
}
