import { failureTable, readingOf, sameTrainings, sweepTable } from "../../eval/sweep/sweep-tables.ts";
import { printTextTable } from "../evaluation/mmeb/print-mmeb.ts";
import type { SweepResult } from "./run-sweep.ts";

/** A sweep's outcome for people: the table, what failed, how it is to be read, where the report is. */
export function printSweep({ report, files }: SweepResult): string {
  const failed = failureTable(report);
  const parts = [
    printTextTable(sweepTable(report)),
    ...(failed === undefined ? [] : [printTextTable(failed)]),
    ...sameTrainings(report),
    readingOf(report),
    ...report.notices,
    `The report: ${files.html}\nAs Markdown: ${files.markdown}\nThe same for programs: ${files.json}`,
  ];
  return parts.join("\n\n");
}
