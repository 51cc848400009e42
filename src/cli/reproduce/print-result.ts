import { findingOf, modelOf, comparisonOf } from "../../eval/report/find-in-report.ts";
import { duration, percent, points, pointsInterval } from "../../eval/report/format-number.ts";
import type { Report, ReportSearch } from "../../eval/report/report-types.ts";
import { headline } from "../../eval/report/summary.ts";
import { formatResultTable } from "../../eval/report/text-table.ts";
import { formatTable } from "../terminal/table.ts";
import type { ReproduceResult } from "./reproduce.ts";

/** A reproduction's outcome for people: the finding, the table, what else was trained, example searches, where the report is. */
export function printResult({ report, files }: ReproduceResult, columns: number): string {
  const others = otherModels(report);
  const parts = [
    `${report.notice === null ? "" : `${report.notice}\n\n`}${headline(report)}`,
    formatResultTable(report, { columns }),
    ...(others === undefined ? [] : [others]),
    ...report.searches.map(printSearch),
    `The report with all numbers, plots and pictures: ${files.html}\nThe same for programs: ${files.json}`,
  ];
  return parts.join("\n\n");
}

/** What was trained beside the two models of the main table. */
function otherModels(report: Report): string | undefined {
  const rows = report.models
    .filter(({ id }) => id !== report.reference && id !== report.main)
    .map(({ id, name, scores, cost, pathCount }) => {
      const difference = comparisonOf(report, { model: id, view: "aggregate" })?.means.all;
      return [
        name,
        percent(scores.aggregate.means.all.value),
        pathCount === 1 ? "" : percent(scores.all.means.all.value),
        difference === undefined ? "" : `${points(difference.value)} (${pointsInterval(difference)})`,
        difference === undefined ? "" : findingOf(difference),
        duration(cost.trainingSeconds),
      ];
    });
  if (rows.length === 0) return undefined;
  return formatTable(
    [
      { title: "Also trained, mean P@1, %" },
      { title: "aggregate", align: "right" },
      { title: "all paths", align: "right" },
      { title: `aggregate minus ${modelOf(report, report.reference).name}`, align: "right" },
      { title: "" },
      { title: "training", align: "right" },
    ],
    rows,
  );
}

function printSearch({ text, hits }: ReportSearch): string {
  const asked = text === null ? "by a picture of another vendor" : `“${text}”`;
  const rows = hits.map(({ label, score, detail, correct }, place) => [
    place + 1,
    score.toFixed(3),
    label,
    detail ?? "",
    correct === null ? "" : correct ? "right" : "wrong",
  ]);
  const titles = [
    { title: "", align: "right" as const },
    { title: "", align: "right" as const },
    { title: "" },
    { title: "" },
    { title: "" },
  ];
  return `Search ${asked}:\n${formatTable(titles, rows)}`;
}
