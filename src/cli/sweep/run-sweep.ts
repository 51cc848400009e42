import { join, relative } from "node:path";
import { availableParallelism, cpus } from "node:os";
import type { EmojiCorpus } from "../../data/emoji/corpus.ts";
import { AbortedError, present } from "../../errors/families.ts";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import { buildSweepReport } from "../../eval/sweep/build-sweep.ts";
import type { SweepReport } from "../../eval/sweep/sweep-report.ts";
import { writeSweep, type SweepFiles } from "../../eval/sweep/write-sweep.ts";
import { writeJsonAtomic } from "../../files/atomic-write.ts";
import { lockFolder } from "../../files/run-lock.ts";
import { openRecipeData } from "../../train/sources/recipe-source.ts";
import type { CommandContext } from "../command-module.ts";
import { loadCorpus } from "../evaluation/load-corpus.ts";
import { showDownload } from "../terminal/show-download.ts";
import { emojiSweepBenchmark } from "./emoji-sweep-benchmark.ts";
import { mmebSweepBenchmark } from "./mmeb-sweep-benchmark.ts";
import { planCells, recipeFolder } from "./plan-cells.ts";
import type { Sweep } from "./read-sweep.ts";
import { runCells, type CellRunContext } from "./run-cells.ts";
import type { SweepBenchmark } from "./sweep-benchmark.ts";
import { sweepNotices } from "./sweep-notices.ts";
import { forgetFailure, otherCells, runPlaces, runState, type SweepRunPlace } from "./sweep-folder.ts";

/** How a sweep is run. */
export interface SweepOptions {
  readonly sweep: Sweep;
  readonly out: string;
  /** Score on the test too. */
  readonly test: boolean;
  /** Try failed runs again. */
  readonly retry: boolean;
  /** Where embeddings of MMEB are kept. */
  readonly cache: string;
  readonly threads: number | undefined;
  /** The command that goes on with it, for messages. */
  readonly again: string;
}

/** A sweep that is done. */
export interface SweepResult {
  readonly folder: string;
  readonly report: SweepReport;
  readonly files: SweepFiles;
}

/**
 * Trains and scores all cells of a sweep in a folder, goes on where it was stopped, and writes the table.
 * @throws {AbortedError} when it was stopped: everything done is kept, and the message says how to go on.
 * @throws {TrainingError} if the folder is in use, or a cell's folder holds another run.
 */
export async function runSweep(options: SweepOptions, context: CommandContext): Promise<SweepResult> {
  const { sweep, out } = options;
  await using lock = await lockFolder(out);
  try {
    const corpus = needsCorpus(sweep) ? await loadCorpus(context) : undefined;
    await using benchmark = await openBenchmark(options, corpus, context);
    const runs = sharedContext(sweep, corpus, { ...context, threads: options.threads });
    const places = await runPlaces(lock.folder, sweep.cells, sweep.definition.seeds);
    if (options.retry) for (const { folder } of places) await forgetFailure(folder);
    const plans = await planCells(sweep, { openData: runs.openData, machines: [] }, context);
    await tellStates(places, { sweep, out }, context);
    await writeJsonAtomic(join(out, "sweep-plan.json"), planOf(sweep));
    const cells = await runCells({ sweep, places, plans, benchmark, corpus, isTested: options.test, runs, command: context });
    const report = buildSweepReport({
      title: `Sweep of ${sweep.name}`,
      createdAt: new Date(),
      notices: [...sweepNotices(sweep), ...benchmark.notices],
      facts: [...factsOf(sweep), ...benchmark.facts],
      view: sweep.definition.view,
      fields: sweep.fields,
      seeds: sweep.definition.seeds,
      baseline: sweep.baseline.id,
      cells,
    });
    return { folder: out, report, files: await writeSweep(out, report) };
  } catch (error) {
    throw context.signal.aborted || (PolyvecError.isInstance(error) && error.code === "aborted") ? stopped(options, error) : error;
  }
}

/** Whether any cell trains on, or is scored on, the emoji. */
export function needsCorpus({ cells, definition }: Sweep): boolean {
  return definition.evaluation?.bench === "emoji" || cells.some(({ recipe }) => recipe.data.kind.startsWith("emoji"));
}

/** What all cells are trained with. */
export function sharedContext(
  sweep: Sweep,
  corpus: EmojiCorpus | undefined,
  { threads, ...context }: CommandContext & { readonly threads: number | undefined },
): CellRunContext["runs"] {
  const { progress, signal } = context;
  const emoji = (): Promise<EmojiCorpus> => Promise.resolve(present(corpus, "the emoji"));
  return {
    progress,
    signal,
    threads,
    openData: (recipe) => openRecipeData(recipe, emoji, { folder: recipeFolder(sweep), ...showDownload(context) }),
    whole: "this sweep",
  };
}

async function openBenchmark(
  { sweep, threads, cache }: SweepOptions,
  corpus: EmojiCorpus | undefined,
  { progress, signal }: CommandContext,
): Promise<SweepBenchmark> {
  const evaluation = present(sweep.definition.evaluation, "the evaluation");
  const context = { progress, signal, threads };
  if (evaluation.bench === "mmeb") return mmebSweepBenchmark(evaluation, { ...context, cache });
  return emojiSweepBenchmark(present(corpus, "the emoji"), evaluation, context);
}

/** Says what is there already and what is left. */
async function tellStates(
  places: readonly SweepRunPlace[],
  { sweep, out }: { readonly sweep: Sweep; readonly out: string },
  { progress }: CommandContext,
): Promise<void> {
  const states = await Promise.all(places.map(runState));
  const countOf = (state: (typeof states)[number]): number => states.filter((each) => each === state).length;
  const { cells, definition } = sweep;
  const there = (["finished", "begun", "failed"] as const).flatMap((state) => (countOf(state) === 0 ? [] : [`${countOf(state)} ${state}`]));
  const known = there.length === 0 ? "" : `; there already: ${there.join(", ")}; new: ${countOf("new")}`;
  progress.note(`${cells.length} cells with ${definition.seeds.length} seeds are ${places.length} runs${known}`);
  const left = await otherCells(out, cells);
  if (left.length > 0) progress.note(`cells of an earlier definition stay in the folder and are not shown: ${left.join(", ")}`);
}

function planOf({ definition, cells, baseline, recipeFile }: Sweep): object {
  const listed = cells.map(({ id, label, settings, aliases }) => ({ id, label, settings, aliases }));
  return { format: "polyvec-sweep-plan", version: 1, recipeFile, definition, baseline: baseline.id, cells: listed };
}

function factsOf({ recipeFile, definition, cells, baseline }: Sweep): { label: string; value: string }[] {
  const { set, seeds, random } = definition;
  const fixed = Object.entries(set).map(([field, value]) => `${field} = ${JSON.stringify(value)}`);
  return [
    { label: "Recipe", value: relative(process.cwd(), recipeFile) },
    ...(fixed.length === 0 ? [] : [{ label: "Set in every cell", value: fixed.join(", ") }]),
    ...(random === undefined ? [] : [{ label: "Drawn at random", value: `${random.cells} combinations, seed ${random.seed}` }]),
    { label: "Baseline", value: baseline.label },
    { label: "Runs", value: `${cells.length} cells x ${seeds.length} seeds` },
    { label: "Machine", value: `${cpus()[0]?.model ?? "unknown"}, ${availableParallelism()} threads, Node ${process.versions.node}` },
  ];
}

function stopped({ out, again }: SweepOptions, cause: unknown): AbortedError {
  return new AbortedError({ message: `stopped; what was done is kept. Go on with: ${again}`, details: { run: out }, cause });
}
