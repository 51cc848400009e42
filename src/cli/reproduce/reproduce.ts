import type { EmojiCorpus } from "../../data/emoji/corpus.ts";
import { AbortedError, present } from "../../errors/families.ts";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import { emojiBenchmark } from "../../eval/benchmark/emoji-benchmark.ts";
import { writeReport, type ReportFiles } from "../../eval/report/write-report.ts";
import type { Report } from "../../eval/report/report-types.ts";
import { lockFolder } from "../../files/run-lock.ts";
import { openModelFolder } from "../../model/folder/open-model-folder.ts";
import { openRecipeData } from "../../train/sources/recipe-source.ts";
import { quoted } from "../quoted.ts";
import { dashboardArgument } from "../training/train-options.ts";
import type { Progress } from "../terminal/progress.ts";
import { showDownload } from "../terminal/show-download.ts";
import { readBaseRecipes, type ReproduceRecipes } from "./base-recipes.ts";
import { planRuns } from "./plan-runs.ts";
import type { ReproducePreset } from "./presets.ts";
import type { ReproduceContext } from "./reproduce-context.ts";
import { claimFolder } from "./reproduction-folder.ts";
import { makeReport } from "./reproduction-report.ts";
import { SETUPS } from "./setups.ts";
import { trainRun, type RunWatch } from "../runs/train-run.ts";
import { readFinishedRun, type TrainedRun } from "./trained-run.ts";

/** What is reproduced, from what and where. */
export interface ReproduceOptions {
  readonly preset: ReproducePreset;
  /** Called once the model to start from is there: drawing the emoji takes longer than saying that a name is wrong. */
  readonly openCorpus: () => Promise<EmojiCorpus>;
  /** The model to start from: a folder, one that ships, or one of the hub; that of the recipes if not given. */
  readonly base?: string | undefined;
  readonly out: string;
  /** Go on with the reproduction that is in the folder: finished runs are kept, the one under way goes on. */
  readonly resume: boolean;
  readonly threads?: number | undefined;
  /** The live page beside it, as it was asked for: what goes on with the reproduction asks for it too. */
  readonly dashboard?: number | true | undefined;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** A reproduction that is done. */
export interface ReproduceResult {
  readonly folder: string;
  readonly report: Report;
  readonly files: ReportFiles;
}

/**
 * Trains all setups of a preset with all its seeds, each in a run folder of its own, scores them on the same tasks and writes the report.
 * @throws {AbortedError} when `signal` fires: everything done is kept, and the message says how to go on.
 * @throws {TrainingError} if the folder is in use, or holds a reproduction that is not to be resumed.
 */
export async function reproduce(options: ReproduceOptions): Promise<ReproduceResult> {
  const { preset, out } = options;
  const hub = showDownload(options);
  const recipes = await readBaseRecipes(preset.training, options.base, hub);
  await (await openModelFolder(recipes.baseFolder, hub)).close();
  await using lock = await lockFolder(out);
  const corpus = await options.openCorpus();
  await claimFolder(lock.folder, { preset: preset.name, base: recipes.baseName }, options.resume);
  const { validationQueries } = preset.training;
  const context: ReproduceContext = {
    ...options,
    corpus,
    base: options.base,
    threads: options.threads,
    dashboard: options.dashboard,
    baseFolder: recipes.baseFolder,
    baseLabel: recipes.baseLabel,
    validationTasks: emojiBenchmark(corpus, { split: "validation", queriesPerTask: validationQueries }),
    testTasks: emojiBenchmark(corpus, { split: "test", queriesPerTask: preset.testQueries }),
    openData: (recipe) => openRecipeData(recipe, corpus),
    whole: "this reproduction",
  };
  try {
    const runs = await trainAll(recipes, context);
    const report = await makeReport(runs, context);
    return { folder: out, report, files: await writeReport(out, report) };
  } catch (error) {
    throw PolyvecError.isInstance(error) && error.code === "aborted" ? stopped(context, error) : error;
  }
}

async function trainAll(recipes: ReproduceRecipes, context: ReproduceContext): Promise<TrainedRun[]> {
  const planned = planRuns(context.preset, context.out);
  const trained: TrainedRun[] = [];
  for (const [place, run] of planned.entries()) {
    const { name, recipe: recipeOf } = SETUPS[run.setup];
    const recipe = recipeOf(recipes.forSeed(run.seed), (id) =>
      present(
        trained.find(({ setup, seed }) => setup === id && seed === run.seed),
        `the run ${id} before ${run.setup}`,
      ),
    );
    const label = `train ${name}, seed ${run.seed} (run ${place + 1} of ${planned.length})`;
    const watch = (): RunWatch => watchSteps(context, label, recipe.steps);
    if (!(await trainRun({ recipe, folder: run.folder, watch }, context))) throw stopped(context);
    trained.push(await readFinishedRun(run, recipe));
  }
  return trained;
}

function watchSteps({ progress }: ReproduceContext, label: string, total: number): RunWatch {
  const task = progress.task({ label, total, itemUnit: "inputs" });
  return {
    step: ({ step, loss, precision }, items) => task.update({ done: step, items, loss, precisionAt1: precision }),
    finish: () => task.finish(),
  };
}

function stopped({ preset, base, out, dashboard }: ReproduceContext, cause?: unknown): AbortedError {
  const from = base === undefined ? "" : ` --base ${quoted(base)}`;
  const command = `polyvec reproduce --preset ${preset.name}${from} --out ${quoted(out)}${dashboardArgument(dashboard)} --resume`;
  return new AbortedError({
    message: `stopped; what was done is kept. Go on with: ${command}`,
    details: { run: out },
    cause,
  });
}
