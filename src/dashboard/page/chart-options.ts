import type uPlot from "uplot";
import type { DrawnLine } from "./chart-data.ts";
import type { ChartKind } from "./chart-list.ts";
import { colorOf, dashOf, styleValue } from "./colors.ts";
import { formatCount, formatNumber } from "./format.ts";
import type { Settings } from "./settings.ts";

/** What a plot is built for. */
export interface PlotLook {
  readonly kind: ChartKind;
  readonly lines: readonly DrawnLine[];
  readonly settings: Settings;
  readonly isCompared: boolean;
  /** Whether faint curves of what was smoothed come before the curves themselves. */
  readonly hasRaw: boolean;
  readonly hooks: uPlot.Hooks.Arrays;
}

/** How faint those are, as the last two digits of a colour. */
const FAINT = "40";

/** uPlot names it in a const enum, of which nothing is left at run time. */
// oxlint-disable-next-line typescript/no-unsafe-enum-assignment
const LOGARITHMIC: uPlot.Scale.Distr = 3;

/** All charts move their cursors together. */
const SYNC = "polyvec";

/** A plot in the page's colours. */
export function plotOptions({ kind, lines, settings, isCompared, hasRaw, hooks }: PlotLook): Omit<uPlot.Options, "width" | "height"> {
  const isLogarithmic = settings.isLogarithmic && kind.canBeLogarithmic === true;
  const drawn = lines.map((line) => seriesOf(line, { settings, isCompared, kind }));
  const faint = hasRaw ? lines.map((line) => faintSeriesOf(line, { settings, isCompared })) : [];
  return {
    legend: { show: false },
    cursor: {
      sync: { key: SYNC, setSeries: false },
      drag: { x: true, y: false, setScale: false },
      points: { size: (_, place) => (place > faint.length ? 7 : 0) },
    },
    scales: {
      x: { time: false },
      y: isLogarithmic ? { distr: LOGARITHMIC, range: (_, min, max) => [min / 1.1, max * 1.1] } : { range: linearRange(kind) },
    },
    axes: [
      {
        ...axisLook(),
        size: 30,
        values: (_, splits) => splits.map((value) => (settings.axis === "steps" ? formatStep(value) : formatNumber(value))),
      },
      { ...axisLook(), size: 62, values: (_, splits) => splits.map((value) => (value === null ? "" : labelOf(value, kind))) },
    ],
    series: [{}, ...faint, ...drawn],
    hooks,
  };
}

function seriesOf(
  { key, label, color, dash }: DrawnLine,
  { settings, isCompared, kind }: Pick<PlotLook, "settings" | "isCompared" | "kind">,
): uPlot.Series {
  const stroke = colorOf(color, isCompared);
  const dashes = dashOf(dash);
  return {
    label,
    stroke,
    width: 1.75,
    ...(dashes !== undefined && { dash: dashes }),
    show: !settings.hidden.includes(key),
    spanGaps: true,
    points: { fill: stroke, ...(kind.table === "evaluations" && { show: true, size: 5 }) },
  };
}

function faintSeriesOf({ key, color }: DrawnLine, { settings, isCompared }: Pick<PlotLook, "settings" | "isCompared">): uPlot.Series {
  const show = !settings.hidden.includes(key);
  return { stroke: `${colorOf(color, isCompared)}${FAINT}`, width: 1, show, spanGaps: true, points: { show: false } };
}

function axisLook(): uPlot.Axis {
  const line = styleValue("--grid");
  return { stroke: styleValue("--muted"), grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1, size: 4 }, font: FONT };
}

const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

/** A tenth of room above and below; shares stay within 0 and 1. */
function linearRange({ unit }: ChartKind): (plot: uPlot, min: number, max: number) => uPlot.Range.MinMax {
  return (_, min, max) => {
    if (min === null || max === null) return [0, 1];
    const room = max === min ? Math.abs(max) * 0.1 || 0.1 : (max - min) * 0.08;
    return unit === "share" ? [Math.max(0, min - room), Math.min(1, max + room)] : [min - room, max + room];
  };
}

function labelOf(value: number, { unit }: ChartKind): string {
  return unit === "share" ? `${Number((100 * value).toFixed(2))} %` : formatNumber(value);
}

/** Steps are whole. */
function formatStep(value: number): string {
  return Number.isInteger(value) ? formatCount(value) : "";
}
