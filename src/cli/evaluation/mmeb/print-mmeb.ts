import type { MmebReport } from "../../../eval/mmeb/report/mmeb-report.ts";
import { datasetTable, groupTable, type TextTable } from "../../../eval/mmeb/report/report-tables.ts";
import { formatTable } from "../../terminal/table.ts";

/** A report on MMEB for a terminal. */
export function printMmeb(report: MmebReport): string {
  return [
    printTextTable(datasetTable(report)),
    printTextTable(groupTable(report)),
    "±: half the 95 % interval. Means are over datasets, unweighted; rows without ± are what others published.",
    ...report.notices,
  ].join("\n\n");
}

/** A table of text for a terminal. */
export function printTextTable({ head, rows }: TextTable): string {
  const columns = head.map((title, place) => ({ title, align: place === 0 ? ("left" as const) : ("right" as const) }));
  return formatTable(
    columns,
    rows.map(({ cells }) => cells),
  );
}
