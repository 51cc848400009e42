import Table from "cli-table3";
import type { Spread } from "./statistics.ts";
import type { SuiteSection } from "./suite.ts";

/** One section as tables: times, then ratios with the bars they have to pass, then facts. */
export function formatSection(section: SuiteSection): string {
  const { title, measurements, comparisons = [], verdicts = [], facts = {} } = section;
  const lines = [title];
  if (measurements.length > 0) lines.push(timesTable(section));
  if (comparisons.length > 0) lines.push(ratiosTable(section));
  for (const { name, got, bar, isMet } of verdicts) lines.push(`${name}: ${got} (${bar}: ${isMet ? "met" : "missed"})`);
  for (const [name, value] of Object.entries(facts)) lines.push(`${name}: ${value}`);
  return lines.join("\n");
}

/** Cases whose median ratio is over their bar, and the names of verdicts that are not met. */
export function missedBars({ comparisons = [], bars = {}, verdicts = [] }: SuiteSection): string[] {
  const ratios = comparisons.filter(({ name, ratio }) => ratio.median > (bars[name] ?? Number.POSITIVE_INFINITY));
  return [...ratios, ...verdicts.filter(({ isMet }) => !isMet)].map(({ name }) => name);
}

function timesTable({ measurements }: SuiteSection): string {
  const rows = measurements.map(({ name, times, milliseconds }) => [name, ...spreadCells(milliseconds), String(times.length)]);
  return table(["case", "median ms", "quartiles", "min .. max", "rounds"], rows);
}

function ratiosTable(section: SuiteSection): string {
  const { comparisons = [], bars = {} } = section;
  const missed = missedBars(section);
  const rows = comparisons.map(({ name, baseline, ratio }) => {
    const bar = bars[name];
    const verdict = bar === undefined ? "" : `<= ${bar}: ${missed.includes(name) ? "missed" : "met"}`;
    return [`${name} / ${baseline}`, ...spreadCells(ratio), verdict];
  });
  return table(["ratio of times", "median", "quartiles", "min .. max", "bar"], rows);
}

function spreadCells({ median, lowerQuartile, upperQuartile, min, max }: Spread): string[] {
  return [digits(median), `${digits(lowerQuartile)} .. ${digits(upperQuartile)}`, `${digits(min)} .. ${digits(max)}`];
}

function digits(value: number): string {
  return Number(value.toPrecision(3)).toString();
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const drawn = new Table({ head: [...head], style: { head: [], border: [] } });
  drawn.push(...rows.map((row) => [...row]));
  return drawn.toString();
}
