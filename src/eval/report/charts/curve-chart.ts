import type { TopLevelSpec } from "vega-lite";
import { modelOf } from "../find-in-report.ts";
import type { LearningCurve, Report } from "../report-types.ts";
import { axisEnd, frameOf, given } from "./layout.ts";
import type { Chart } from "./render-chart.ts";

/** How many lines can be told apart: a colour and a dash pattern each. */
export const LINE_STYLES = 8;

/** Dash patterns, one per line, so that colour is not needed to tell them apart. */
const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [1, 3], [12, 4], [6, 2, 1, 2, 1, 2]];

/** What a line shows. */
export interface Line {
  readonly label: string;
  /** Which colour and dash pattern, from 0. */
  readonly style: number;
  /** One per seed: [step, value]. */
  readonly runs: readonly (readonly (readonly [step: number, value: number])[])[];
}

/** The training loss of each of the models, a thin line per seed. */
export function lossLines(report: Report, models: readonly string[]): Line[] {
  return linesOf(report, models, (curve) => curve.points.map(({ step, loss }) => [step, loss]));
}

/** The validation P@1 of each of the models. */
export function precisionLines(report: Report, models: readonly string[]): Line[] {
  return linesOf(report, models, (curve) => curve.points.map(({ step, precision }) => [step, precision]));
}

/** The validation P@1 of each path of a model's first run. */
export function pathLines(report: Report, model: string): Line[] {
  const curve = report.curves.find((entry) => entry.model === model && entry.points.some(({ pathPrecisions }) => pathPrecisions !== null));
  if (curve === undefined) return [];
  const paths = Math.max(...curve.points.map(({ pathPrecisions }) => pathPrecisions?.length ?? 0));
  return Array.from({ length: Math.min(paths, LINE_STYLES) }, (_, path) => ({
    label: `path ${path}`,
    style: path,
    runs: [drop(curve.points.map(({ step, pathPrecisions }) => [step, pathPrecisions?.[path] ?? null]))],
  }));
}

/** Lines over training steps. @param kind `loss`: nats, the axis need not begin at 0; `precision`: shares from 0. */
export function curveChart(lines: readonly Line[], kind: "loss" | "precision", { id, what }: { id: string; what: string }): Chart {
  const values = lines.flatMap(({ style, runs }) =>
    runs.flatMap((run, seed) => run.map(([step, value]) => ({ step, value, line: `${style}/${seed}`, ...styleOf(style) }))),
  );
  const numbers = values.map(({ value }) => value);
  const domain = kind === "precision" ? [0, axisEnd(numbers)] : [Math.min(0, ...numbers), Math.max(...numbers)];
  const spec: TopLevelSpec = {
    ...frameOf({ width: 302, height: 200, padding: { left: 44, right: 12, top: 8, bottom: 40 } }),
    data: { values },
    mark: { type: "line", strokeWidth: 1.75, interpolate: "linear" },
    encoding: {
      x: {
        field: "step",
        type: "quantitative",
        scale: { nice: false, zero: true },
        axis: { title: "training step", grid: false, tickCount: 5, format: "~s", ticks: true },
      },
      y: {
        field: "value",
        type: "quantitative",
        scale: { domain, nice: kind === "loss" },
        axis: { title: null, tickCount: 5, format: kind === "precision" ? ".0%" : "~g" },
      },
      detail: { field: "line" },
      stroke: given("colour"),
      strokeDash: given("dash"),
    },
  };
  return { id, description: `Line chart of ${what} over training steps: ${lines.map(lastValues).join("; ")}.`, spec };
}

/** The colour and dash pattern of a line. */
export function styleOf(style: number): { colour: string; dash: readonly number[] } {
  return { colour: `var(--line-${style % LINE_STYLES})`, dash: DASHES[style % LINE_STYLES] ?? [] };
}

function linesOf(report: Report, models: readonly string[], pick: (curve: LearningCurve) => (readonly [number, number | null])[]): Line[] {
  return models.flatMap((id, style) => {
    const runs = report.curves.filter(({ model }) => model === id).map((curve) => drop(pick(curve)));
    const drawn = runs.filter((run) => run.length > 0);
    return drawn.length === 0 ? [] : [{ label: modelOf(report, id).name, style, runs: drawn }];
  });
}

function drop(points: readonly (readonly [number, number | null])[]): (readonly [number, number])[] {
  return points.flatMap(([step, value]) => (value === null ? [] : [[step, value] as const]));
}

function lastValues({ label, runs }: Line): string {
  return `${label} ends at ${runs.map((run) => (run[run.length - 1]?.[1] ?? 0).toPrecision(3)).join(", ")}`;
}
