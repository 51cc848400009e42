import { duration, flops } from "../../eval/report/format-number.ts";
import type { CommandContext } from "../command-module.ts";
import { loadCorpus } from "../evaluation/load-corpus.ts";
import { formatBytes, formatCount } from "../inspection/format-numbers.ts";
import { measureMachine } from "../planning/measure-machine.ts";
import { formatTable } from "../terminal/table.ts";
import { planCells } from "./plan-cells.ts";
import type { Sweep } from "./read-sweep.ts";
import { needsCorpus, sharedContext } from "./run-sweep.ts";
import { runPlaces, runState, type RunState } from "./sweep-folder.ts";
import { sweepNotices } from "./sweep-notices.ts";

/** What a cell will cost, each of its seeds. */
export interface PlannedCell {
  readonly id: string;
  readonly label: string;
  readonly isBaseline: boolean;
  /** Other combinations that are the same training. */
  readonly aliases: readonly string[];
  readonly steps: number;
  readonly parameters: { readonly total: number; readonly trained: number };
  readonly flops: number;
  /** Bytes at the highest point. */
  readonly memory: number;
  /** On this machine. */
  readonly seconds: number;
  /** By seed. */
  readonly states: Readonly<Record<string, RunState>>;
}

/** What a sweep will cost. */
export interface SweepPlan {
  readonly machine: string;
  readonly seeds: readonly number[];
  readonly notices: readonly string[];
  readonly cells: readonly PlannedCell[];
  /** Of the runs that are not finished, those that are begun counted whole. */
  readonly left: { readonly runs: number; readonly flops: number; readonly seconds: number };
}

/** Works out what a sweep will cost without training anything. @param out its folder, if it has one. */
export async function planSweep(
  sweep: Sweep,
  { out, threads }: { readonly out: string | undefined; readonly threads: number | undefined },
  context: CommandContext,
): Promise<SweepPlan> {
  const corpus = needsCorpus(sweep) ? await loadCorpus(context) : undefined;
  const { openData } = sharedContext(sweep, corpus, { ...context, threads });
  const machine = await measureMachine(threads);
  const plans = await planCells(sweep, { openData, machines: [machine] }, context);
  const { seeds } = sweep.definition;
  const places = out === undefined ? [] : await runPlaces(out, sweep.cells, seeds);
  const states = new Map(
    await Promise.all(places.map(async (place) => [`${place.cell.id} ${place.seed}`, await runState(place)] as const)),
  );
  const cells = sweep.cells.flatMap(({ id, label, aliases, recipe }): PlannedCell[] => {
    const plan = plans.get(id);
    if (plan === undefined) return [];
    const stateOf = (seed: number): RunState => states.get(`${id} ${seed}`) ?? "new";
    return [
      {
        id,
        label,
        isBaseline: id === sweep.baseline.id,
        aliases: aliases.map((alias) => alias.label),
        steps: recipe.steps,
        parameters: plan.parameters.all,
        flops: plan.flops,
        memory: plan.memory.all,
        seconds: plan.times[0]?.seconds ?? 0,
        states: Object.fromEntries(seeds.map((seed) => [seed, stateOf(seed)])),
      },
    ];
  });
  const leftOf = ({ states: own }: PlannedCell): number =>
    Object.values(own).filter((state) => state === "new" || state === "begun").length;
  const sum = (of: (cell: PlannedCell) => number): number => cells.reduce((total, cell) => total + leftOf(cell) * of(cell), 0);
  const left = { runs: sum(() => 1), flops: sum((cell) => cell.flops), seconds: sum((cell) => cell.seconds) };
  return { machine: machine.name, seeds, notices: sweepNotices(sweep), cells, left };
}

/** A plan as text for people. */
export function printSweepPlan({ machine, seeds, notices, cells, left }: SweepPlan): string {
  const right = "right" as const;
  const table = formatTable(
    [
      { title: "Cell, each seed" },
      { title: "steps", align: right },
      { title: "trained", align: right },
      { title: "computation", align: right },
      { title: "memory", align: right },
      { title: "training", align: right },
      { title: "" },
    ],
    cells.map((cell) => [
      `${cell.label}${cell.isBaseline ? " (baseline)" : ""}`,
      formatCount(cell.steps),
      formatCount(cell.parameters.trained),
      flops(cell.flops),
      formatBytes(cell.memory),
      duration(cell.seconds),
      stateText(cell),
    ]),
  );
  const same = cells.flatMap(({ label, aliases }) =>
    aliases.length === 0 ? [] : [`${label} is the same training as ${aliases.join(", ")}`],
  );
  const sums = `${cells.length} cells x ${seeds.length} seeds; left to train: ${left.runs} runs, ${flops(left.flops)}, ${duration(left.seconds)} on ${machine}. Measured just now; validation, checkpoints and the estimator of mutual information are not counted.`;
  return [table, ...same, sums, ...notices].join("\n\n");
}

function stateText({ states }: PlannedCell): string {
  const counts = (["finished", "begun", "failed"] as const).flatMap((state) => {
    const count = Object.values(states).filter((each) => each === state).length;
    return count === 0 ? [] : [`${count} ${state}`];
  });
  return counts.join(", ");
}
