import { duration, flops, times } from "../../eval/report/format-number.ts";
import { formatBytes, formatCount } from "../inspection/format-numbers.ts";
import { formatTable, type TableColumn } from "../terminal/table.ts";
import type { RunPlans } from "./plan-both.ts";
import type { RunPlan } from "./plan-run.ts";

/** A line of a plan: what it is of, and how it reads off one. */
interface Line {
  readonly title: string;
  readonly of: (plan: RunPlan) => number;
  readonly format: (value: number) => string;
  /** What is said behind the numbers. */
  readonly note?: (plan: RunPlan) => string;
}

/** Plans as text for people: the recipe, the baseline and how many times as much the one is. */
export function printRunPlans({ plan, baseline }: RunPlans): string {
  const { recipe, step, batches } = plan;
  const head = `${recipe.name}: ${formatCount(recipe.steps)} steps of ${formatCount(Math.round(step.inputs))} inputs (${batches.isAssumed === true ? "assumed, not drawn from the data" : `mean of ${batches.drawn} batches`})`;
  return [head, comparison(linesOf(plan), plan, baseline), footnotes(plan)].join("\n\n");
}

function linesOf(plan: RunPlan): Line[] {
  const bytes = formatBytes;
  const held = (part: Exclude<keyof RunPlan["memory"], "all">, title: string): Line => ({
    title: `  ${title}`,
    of: ({ memory }) => memory[part],
    format: bytes,
  });
  return [
    { title: "parameters", of: ({ parameters }) => parameters.all.total, format: formatCount },
    { title: "  trained", of: ({ parameters }) => parameters.all.trained, format: formatCount },
    { title: "products of a step", of: ({ step }) => step.flops, format: flops },
    { title: "products in all", of: (run) => run.flops, format: flops },
    { title: `memory, products in ${plan.recipe.precision}`, of: ({ memory }) => memory.all, format: bytes },
    held("weights", "weights"),
    held("gradients", "gradients"),
    held("optimizer", "optimiser"),
    held("activations", "activations"),
    held("data", "data"),
    held("program", "program"),
    ...plan.times.map(({ machine }, at): Line => {
      const timeOf = (run: RunPlan): RunPlan["times"][number] => run.times[at] as RunPlan["times"][number];
      const note = (run: RunPlan): string => (timeOf(run).fits ? "" : `more than its ${bytes(machine.memory)}`);
      return { title: `time, ${machine.name}`, of: (run) => timeOf(run).seconds, format: duration, note };
    }),
  ];
}

function comparison(lines: readonly Line[], plan: RunPlan, baseline: RunPlan | undefined): string {
  const right = "right";
  const columns: TableColumn[] = [
    { title: "" },
    { title: "this recipe", align: right },
    ...(baseline === undefined ? [] : [{ title: "single path", align: right } as const, { title: "", align: right } as const]),
    { title: "" },
  ];
  const rows = lines.map(({ title, of, format, note }) => {
    const beside = baseline === undefined ? [] : [format(of(baseline)), times(of(plan) / of(baseline))];
    return [title, format(of(plan)), ...beside, note?.(plan) ?? ""];
  });
  return formatTable(columns, rows);
}

function footnotes({ times: planned }: RunPlan): string {
  const lines = ["This machine's pace was measured just now; checkpoints and evaluations are not counted."];
  if (planned.some(({ machine }) => !machine.isMeasured)) {
    lines.push(
      "Accelerators: 40 % of the published peak in 16-bit floats, 70 % of the bandwidth, 10 µs an operation and 7.5 ns a trained number are assumed, not measured.",
    );
  }
  return lines.join("\n");
}
