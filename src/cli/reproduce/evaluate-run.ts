import { join } from "node:path";
import type { EvaluationTask } from "../../data/emoji/tasks/task-types.ts";
import { loadModel } from "../../embed/load-model.ts";
import { embedTasks } from "../../eval/benchmark/embed-tasks.ts";
import { CaseCollector } from "../../eval/cases/case-collector.ts";
import { withPictures } from "../../eval/cases/case-pictures.ts";
import { InputItems } from "../../eval/cases/input-items.ts";
import type { CaseLimits } from "../../eval/cases/pick-cases.ts";
import { caseGallerySchema, type CaseGallery } from "../../eval/cases/query-case.ts";
import { evaluateEnsemble } from "../../eval/evaluate-ensemble.ts";
import type { ModelEvaluation } from "../../eval/evaluate.ts";
import type { EmbedInputs } from "../../eval/shared-lists.ts";
import { writeJsonAtomic } from "../../files/atomic-write.ts";
import { readJsonFile } from "../../files/json-file.ts";
import type { EmbeddingInput } from "../../inputs/embedding-input.ts";
import { RUN_FILES } from "../../train/run/run-files.ts";
import { showProgress } from "../evaluation/show-progress.ts";
import { rememberedEvaluation, scoreRun } from "../runs/remembered-evaluation.ts";
import { threadsOf } from "../runs/run-context.ts";
import type { ReproduceContext } from "./reproduce-context.ts";

/** A run that is scored. */
export interface ScoredRun {
  readonly evaluation: ModelEvaluation;
  /** What it got wrong, if that was looked for. */
  readonly cases?: CaseGallery;
}

/** Of each task: a report shows those of two models. */
const CASE_LIMITS: CaseLimits = { misses: 1, disagreements: 1 };

/** Scores a run's model on the test tasks, or reads what it scored before. @throws {AbortedError} when the context's signal fires. */
export async function evaluateRun(label: string, folder: string, context: ReproduceContext): Promise<ScoredRun> {
  return { evaluation: await scoreRun({ label, folder, file: join(folder, "evaluation.json"), tasks: context.testTasks }, context) };
}

/**
 * The same with the run's failure cases, which are kept beside its scores; where they were not, it is scored again.
 * @throws {AbortedError} when the context's signal fires.
 */
export async function evaluateRunWithCases(label: string, folder: string, context: ReproduceContext): Promise<ScoredRun> {
  const file = join(folder, "failure-cases.json");
  const kept = caseGallerySchema.safeParse(await readJsonFile(file).catch(() => undefined));
  const items = new InputItems();
  const { watch, tasks: found } = new CaseCollector<EvaluationTask>(items.describe, CASE_LIMITS);
  const run = { label, folder, file: join(folder, "evaluation.json"), tasks: context.testTasks };
  const evaluation = await scoreRun({ ...run, watch, again: !kept.success }, context);
  if (kept.success && found.length === 0) return { evaluation, cases: kept.data };
  const cases = await withPictures(found, items.open);
  await writeJsonAtomic(file, cases);
  return { evaluation, cases };
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
