import type { TopLevelSpec } from "vega-lite";

/** The sizes of a chart with room kept for its labels, in pixels; text is never measured, so the picture is the same everywhere. */
export interface ChartFrame {
  /** Of the plot itself. */
  readonly width: number;
  readonly height: number;
  readonly padding: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
}

/** Top-level fields of a chart of fixed size. */
export function frameOf({
  width,
  height,
  padding,
}: ChartFrame): Pick<TopLevelSpec, "padding" | "autosize" | "background"> & { width: number; height: number } {
  return { width, height, padding, autosize: { type: "none" }, background: "transparent" };
}

/** A round number at or above a share, for the end of an axis from 0: 0.05, 0.1, 0.2, 0.25, 0.4, 0.5, 0.6, 0.8, 1. */
export function axisEnd(shares: readonly number[]): number {
  const highest = Math.max(0, ...shares);
  return [0.05, 0.1, 0.2, 0.25, 0.4, 0.5, 0.6, 0.8].find((end) => end >= highest) ?? 1;
}

/** Which of `steps` equal parts of [low, high] a value lies in, from 0. */
export function stepOf(value: number, low: number, high: number, steps: number): number {
  if (high <= low) return 0;
  return Math.min(steps - 1, Math.max(0, Math.floor(((value - low) / (high - low)) * steps)));
}

const LETTERS = new Intl.Segmenter();

/** The text cut to what fits, with an ellipsis. */
export function fit(text: string, characters: number): string {
  const letters = Array.from(LETTERS.segment(text), ({ segment }) => segment);
  return letters.length <= characters ? text : `${letters.slice(0, characters - 1).join("")}…`;
}

/** How an axis is labelled. */
export interface LinearAxis {
  title: null;
  tickCount: number;
  format?: string;
  labelExpr?: string;
}

/** A horizontal or vertical position on a linear scale. */
export interface LinearPosition {
  field: string;
  type: "quantitative";
  scale: { domain: number[]; nice: boolean; reverse?: boolean };
  axis: LinearAxis | null;
}

/** Makes positions of data fields on one linear scale. @param domain what the two ends of the plot stand for. */
export function linear(domain: readonly [number, number], axis: LinearAxis | null = null): (field: string) => LinearPosition {
  return (field) => ({ field, type: "quantitative", scale: { domain: [...domain], nice: false }, axis });
}

/** Makes vertical positions in pixels from the top. */
export function fromTop(height: number): (field: string) => LinearPosition {
  return (field) => ({ field, type: "quantitative", scale: { domain: [0, height], nice: false, reverse: true }, axis: null });
}

/** A colour, shape or dash pattern that the data itself holds. */
export function given(field: string): { field: string; type: "nominal"; scale: null; legend: null } {
  return { field, type: "nominal", scale: null, legend: null };
}
