import type { MmebComparison } from "../../../eval/mmeb/compare/compare-runs.ts";
import { comparisonTable, datasetComparisonTable, readingOf } from "../../../eval/mmeb/compare/comparison-tables.ts";
import { printTextTable } from "./print-mmeb.ts";

/** A comparison for a terminal: each run by dataset, then the means of all. */
export function printComparison(comparison: MmebComparison): string {
  const { runs, reference, notices, bootstrap } = comparison;
  return [
    ...runs.map((run) => printTextTable(datasetComparisonTable(run, reference.name))),
    printTextTable(comparisonTable(comparison)),
    readingOf(bootstrap.resamples),
    ...notices,
  ].join("\n\n");
}
