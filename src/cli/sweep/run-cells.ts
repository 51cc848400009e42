import { AbortedError } from "../../errors/families.ts";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import { emojiBenchmark } from "../../eval/benchmark/emoji-benchmark.ts";
import type { EmojiCorpus } from "../../data/emoji/corpus.ts";
import type { SweepCellInput, SweepRunInput } from "../../eval/sweep/build-sweep.ts";
import type { CommandContext } from "../command-module.ts";
import type { RunPlan } from "../planning/plan-run.ts";
import type { RunContext } from "../runs/run-context.ts";
import { readRunLog, trainingSeconds } from "../runs/run-log.ts";
import { trainRun } from "../runs/train-run.ts";
import { baseFolderOf } from "../training/run-recipe.ts";
import { cellCost, type CellCost } from "./cell-cost.ts";
import type { Sweep } from "./read-sweep.ts";
import { recipeForSeed } from "./sweep-cells.ts";
import type { SweepBenchmark } from "./sweep-benchmark.ts";
import { readFailure, runState, writeFailure, type SweepRunPlace } from "./sweep-folder.ts";
import { SweepProgress, type CountedSweepRun } from "./sweep-progress.ts";

/** What the cells of a sweep are trained with. */
export interface CellRunContext {
  readonly sweep: Sweep;
  readonly places: readonly SweepRunPlace[];
  readonly plans: ReadonlyMap<string, RunPlan>;
  readonly benchmark: SweepBenchmark;
  readonly corpus: EmojiCorpus | undefined;
  /** Whether models are scored on the test too. */
  readonly isTested: boolean;
  readonly runs: Omit<RunContext, "baseFolder" | "validationTasks">;
  readonly command: CommandContext;
}

/**
 * Trains and scores every cell with every seed, all cells with the first seed before any with the second; what is there is read. A run that diverges, or
 * cannot be run on this machine, is noted and does not end the sweep.
 * @throws {AbortedError} when it was stopped. @throws {TrainingError} if a folder holds another run.
 */
export async function runCells(context: CellRunContext): Promise<SweepCellInput[]> {
  const { sweep, places, plans } = context;
  const order = sweep.definition.seeds.flatMap((seed) => places.filter((place) => place.seed === seed));
  const counted = new Map(order.map((place) => [place, countedRun(place, plans)]));
  const progress = new SweepProgress(context.command.progress, [...counted.values()]);
  const outcomes = new Map<SweepRunPlace, SweepRunInput>();
  const costs = new Map<string, CellCost>();
  for (const [place, run] of counted) {
    const outcome = await runOne(place, { run, progress }, context);
    outcomes.set(place, outcome);
    if (outcome.outcome !== undefined && !costs.has(place.cell.id))
      costs.set(place.cell.id, await cellCost(place, context.benchmark, await runContext(place, context)));
  }
  return sweep.cells.map(({ id, label, settings, aliases }) => ({
    id,
    label,
    settings,
    aliases,
    runs: places.flatMap((place) => (place.cell.id === id ? (outcomes.get(place) ?? []) : [])),
    cost: costs.get(id),
  }));
}

function countedRun({ cell, seed }: SweepRunPlace, plans: CellRunContext["plans"]): CountedSweepRun {
  return { label: `${cell.label}, seed ${seed}`, steps: cell.recipe.steps, stepFlops: plans.get(cell.id)?.step.flops ?? 0 };
}

interface ShownRun {
  readonly run: CountedSweepRun;
  readonly progress: SweepProgress;
}

async function runOne(place: SweepRunPlace, { run, progress }: ShownRun, context: CellRunContext): Promise<SweepRunInput> {
  const { seed, folder, relative: name } = place;
  const told = { seed, folder: name };
  const state = await runState(place);
  if (state === "finished" || state === "failed") progress.pass(run);
  const failure = await readFailure(folder);
  if (state === "failed" && failure !== undefined) return { ...told, failure: failure.message };
  try {
    const watch = (): ReturnType<SweepProgress["watch"]> => progress.watch(run);
    const recipe = recipeForSeed(place.cell, seed);
    if (!(await trainRun({ recipe, folder, watch }, await runContext(place, context)))) throw stopped();
  } catch (error) {
    if (!isFailureOfRun(error)) throw error;
    await writeFailure(folder, error);
    context.command.progress.note(`${run.label} failed: ${error.message}`);
    return { ...told, failure: error.message };
  }
  const { benchmark, isTested } = context;
  const validation = await benchmark.score({ label: `score ${run.label}`, folder }, "validation");
  const test = isTested ? await benchmark.score({ label: `test ${run.label}`, folder }, "test") : undefined;
  return { ...told, outcome: { validation, test }, trainingSeconds: trainingSeconds(await readRunLog(folder)) };
}

/** What a cell's run is trained with: its base, and validation on the way where its recipe asks for it. */
async function runContext({ cell }: SweepRunPlace, { runs, sweep, corpus, command }: CellRunContext): Promise<RunContext> {
  const { recipe } = cell;
  const { evaluateEverySteps, evaluateQueries } = recipe;
  const isEvaluated = evaluateEverySteps !== undefined && corpus !== undefined;
  return {
    ...runs,
    baseFolder: await baseFolderOf({ recipe, file: sweep.recipeFile }, command),
    validationTasks: isEvaluated ? emojiBenchmark(corpus, { split: "validation", queriesPerTask: evaluateQueries }) : [],
  };
}

/** Whether an error says that this run cannot go on, and not that files, data or the folder are wrong. */
function isFailureOfRun(error: unknown): error is PolyvecError {
  if (!PolyvecError.isInstance(error)) return false;
  if (error.code === "training") return !("run" in error.details);
  return ["device", "shape", "graph", "lowering"].includes(error.code);
}

function stopped(): AbortedError {
  return new AbortedError({ message: "the sweep was stopped" });
}
