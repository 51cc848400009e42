import type { TopLevelSpec } from "vega-lite";
import type { Estimate } from "../../bootstrap.ts";
import type { ConceptGroup } from "../../ranking-task.ts";
import { columnLabels, modelOf, resultColumns, type ResultColumn } from "../find-in-report.ts";
import { percent } from "../format-number.ts";
import type { Report } from "../report-types.ts";
import { axisEnd, fit, frameOf, fromTop, given, linear, type LinearPosition } from "./layout.ts";
import type { Chart } from "./render-chart.ts";

const BASELINE_SHAPES = ["triangle-down", "diamond", "square", "cross"] as const;

const PLOT = 222;
const HEADER = 26;
const BAR = 17;

/** Bars with intervals: one block per task of the group, one bar per column of the main table, baselines as marks above and across. */
export function taskBars(report: Report, concepts: ConceptGroup): Chart {
  const columns = resultColumns(report);
  const layout = layOut(report, concepts, columns);
  const frame = { width: PLOT, height: layout.height, padding: { left: 108, right: 44, top: 4, bottom: 26 } };
  const x = linear([0, axisEnd(allScores(report))], { title: null, tickCount: 5, format: ".0%" });
  const place = fromTop(layout.height);
  const spec: TopLevelSpec = {
    ...frameOf(frame),
    layer: [
      {
        data: { values: layout.bars },
        mark: { type: "rect" },
        encoding: {
          x: x("zero"),
          x2: { field: "value" },
          y: place("top"),
          y2: { field: "bottom" },
          fill: given("colour"),
        },
      },
      ...intervalLayers(layout.bars, x, place),
      {
        data: { values: layout.baselines },
        mark: { type: "rule", stroke: "var(--text)", strokeDash: [2, 3], opacity: 0.7 },
        encoding: { x: x("score"), y: place("top"), y2: { field: "bottom" } },
      },
      {
        data: { values: layout.baselines },
        mark: { type: "point", filled: true, fill: "var(--text)", size: 38, opacity: 1 },
        encoding: {
          x: x("score"),
          y: place("top"),
          shape: given("shape"),
        },
      },
      {
        data: { values: layout.headers },
        mark: { type: "text", align: "left", x: -104, fontWeight: 600, fontSize: 12 },
        encoding: { y: place("middle"), text: { field: "label" } },
      },
      {
        data: { values: layout.bars },
        mark: { type: "text", align: "left", x: -104, color: "var(--muted)" },
        encoding: { y: place("middle"), text: { field: "label" } },
      },
      {
        data: { values: layout.bars },
        mark: { type: "text", align: "right", x: PLOT + 40 },
        encoding: { y: place("middle"), text: { field: "text" } },
      },
    ],
  };
  return { id: `tasks-${concepts}`, description: describe(report, concepts, columns), spec };
}

/** Whiskers with caps, each drawn wide in the page's colour first, so that it shows on bars of any colour. */
function intervalLayers(
  values: Record<string, string | number>[],
  x: (field: string) => LinearPosition,
  y: (field: string) => LinearPosition,
): LayerSpecs {
  const strokes = [
    { stroke: "var(--page)", strokeWidth: 4, opacity: 0.55 },
    { stroke: "var(--text)", strokeWidth: 1.4, opacity: 0.85 },
  ];
  return strokes.flatMap((stroke) => [
    { data: { values }, mark: { type: "rule" as const, ...stroke }, encoding: { x: x("low"), x2: { field: "high" }, y: y("middle") } },
    ...(["low", "high"] as const).map((end) => ({
      data: { values },
      mark: { type: "rule" as const, ...stroke },
      encoding: { x: x(end), y: y("capTop"), y2: { field: "capBottom" } },
    })),
  ]);
}

type LayerSpecs = Extract<TopLevelSpec, { layer: unknown }>["layer"];

/** The symbol of a baseline. */
export type BaselineShape = (typeof BASELINE_SHAPES)[number];

/** The names of all baselines, in the order they first occur. */
export function baselineNames(report: Report): string[] {
  return [...new Set(report.tasks.flatMap(({ baselines }) => baselines.map(({ name }) => name)))];
}

/** The symbol of the baseline of that name, the same in every task; beyond the fourth, baselines share the last. */
export function shapeOf(report: Report, name: string): BaselineShape {
  return BASELINE_SHAPES[baselineNames(report).indexOf(name)] ?? "cross";
}

interface Block {
  readonly bars: Record<string, string | number>[];
  readonly headers: Record<string, string | number>[];
  readonly baselines: Record<string, string | number>[];
  readonly height: number;
}

function layOut(report: Report, concepts: ConceptGroup, columns: readonly ResultColumn[]): Block {
  const block: Block & { height: number } = { bars: [], headers: [], baselines: [], height: 0 };
  const labels = columnLabels(columns, 17);
  report.tasks.forEach((task, index) => {
    if (task.concepts !== concepts) return;
    const top = block.height + HEADER;
    const bottom = top + columns.length * BAR;
    block.headers.push({ label: fit(taskLabel(report, index), 40), middle: top - HEADER / 2 - 2 });
    columns.forEach((column, which) => {
      const estimate = estimateOf(report, column, index);
      const middle = top + (which + 0.5) * BAR;
      const edges = { top: middle - 6, bottom: middle + 6, middle, capTop: middle - 3, capBottom: middle + 3, zero: 0 };
      block.bars.push({
        ...edges,
        ...estimate,
        colour: `var(--column-${which})`,
        label: fit(labels[which] ?? "", 17),
        text: percent(estimate.value),
      });
    });
    task.baselines.forEach(({ name, score }) => {
      block.baselines.push({ score, top: top - 4, bottom, shape: shapeOf(report, name) });
    });
    block.height = bottom + 4;
  });
  return block;
}

/** The family, and the vendor where tasks of one family differ by it. */
export function taskLabel(report: Report, index: number): string {
  const task = report.tasks[index] as Report["tasks"][number];
  const others = report.tasks.filter(({ family, concepts }) => family === task.family && concepts === task.concepts);
  return others.length > 1 ? `${task.family} · ${task.vendor}` : task.family;
}

function estimateOf(report: Report, column: ResultColumn, task: number): Estimate {
  return modelOf(report, column.model).scores[column.view].tasks[task] as Estimate;
}

function allScores(report: Report): number[] {
  const scores = resultColumns(report).flatMap((column) => report.tasks.map((_, task) => estimateOf(report, column, task).high));
  return [...scores, ...report.tasks.flatMap(({ baselines }) => baselines.map(({ score }) => score))];
}

function describe(report: Report, concepts: ConceptGroup, columns: readonly ResultColumn[]): string {
  const names = columns.map(({ label }) => label).join(", ");
  const marks = baselineNames(report).join(", ");
  return `Bars of precision at 1 with 95 % intervals, tasks on ${concepts} concepts: ${names}; marks for ${marks}. The table of results has the numbers.`;
}
