import { join } from "node:path";
import { loadModel } from "../../embed/load-model.ts";
import { embedTasks } from "../../eval/benchmark/embed-tasks.ts";
import { evaluateEnsemble } from "../../eval/evaluate-ensemble.ts";
import type { ModelEvaluation } from "../../eval/evaluate.ts";
import type { EmbedInputs } from "../../eval/shared-lists.ts";
import type { EmbeddingInput } from "../../inputs/embedding-input.ts";
import { RUN_FILES } from "../../train/run/run-files.ts";
import { showProgress } from "../evaluation/show-progress.ts";
import { rememberedEvaluation, scoreRun } from "../runs/remembered-evaluation.ts";
import { threadsOf } from "../runs/run-context.ts";
import type { ReproduceContext } from "./reproduce-context.ts";

/** Scores a run's model on the test tasks, or reads what it scored before. @throws {AbortedError} when the context's signal fires. */
export async function evaluateRun(label: string, folder: string, context: ReproduceContext): Promise<ModelEvaluation> {
  return scoreRun({ label, folder, file: join(folder, "evaluation.json"), tasks: context.testTasks }, context);
}

/** Scores several models by their summed scores, or reads what they scored before. @param folders the members' run folders. */
export async function evaluateSum(label: string, folders: readonly string[], context: ReproduceContext): Promise<ModelEvaluation> {
  return rememberedEvaluation(join(context.out, `evaluation-sum-of-${folders.length}.json`), context.testTasks, async () => {
    const members: EmbedInputs<EmbeddingInput>[] = [];
    for (const folder of folders) {
      await using model = await loadModel(join(folder, RUN_FILES.model), threadsOf(context));
      const shown = showProgress(context, { label, unit: "inputs" });
      members.push(await embedTasks(context.testTasks, (inputs) => model.embedSet(inputs), shown.options).finally(shown.finish));
    }
    return evaluateEnsemble(context.testTasks, members);
  });
}
