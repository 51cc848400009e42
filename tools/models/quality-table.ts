import { comparisonOf, modelOf } from "../../src/eval/report/find-in-report.ts";
import { percent } from "../../src/eval/report/format-number.ts";
import type { Estimate } from "../../src/eval/bootstrap.ts";
import type { Report } from "../../src/eval/report/report-types.ts";

/** The dtypes that models are exported in; the first is what the others are compared with. */
export const DTYPES = ["float32", "float16", "int8", "int4"] as const;

/** A model in a dtype. */
export interface DTypeQuality {
  /** Its id in the report. */
  readonly dtype: (typeof DTYPES)[number];
  /** Of the backbone's weights. */
  readonly bytes: number;
}

/** A Markdown table: size, precision at 1 of the aggregate, and its difference from float32 with the 95 % interval. */
export function qualityTable(report: Report, rows: readonly DTypeQuality[]): string {
  const lines = rows.map(({ dtype, bytes }) => {
    const { all, seen, unseen } = modelOf(report, dtype).scores.aggregate.means;
    const scores = [seen, unseen, all].map((mean) => (mean === null ? "" : percent(mean.value)));
    const cells = [dtype, `${(bytes / 1e6).toFixed(1)} MB`, ...scores, differenceOf(report, dtype)];
    return `| ${cells.join(" | ")} |`;
  });
  return ["| dtype | weights | seen | unseen | all | all, less float32's |", "| --- | ---: | ---: | ---: | ---: | ---: |", ...lines].join("\n");
}

function differenceOf(report: Report, dtype: string): string {
  const comparison = comparisonOf(report, { model: dtype, view: "aggregate" });
  return comparison === undefined ? "" : withInterval(comparison.means.all);
}

function withInterval({ value, low, high }: Estimate): string {
  const signed = (share: number): string => `${share < 0 ? "-" : "+"}${percent(Math.abs(share))}`;
  return `${signed(value)} (${signed(low)} to ${signed(high)})`;
}
