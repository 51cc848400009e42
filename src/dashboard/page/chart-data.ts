import type { ChartKind } from "./chart-list.ts";
import type { RunData } from "./run-data.ts";
import type { Settings } from "./settings.ts";
import { smooth } from "./smooth.ts";

/** A curve as it is drawn: one of a chart's, of one run. */
export interface DrawnLine {
  /** By which it is hidden and shown, in this chart and across redrawing. */
  readonly key: string;
  readonly label: string;
  /** Place among the colours. */
  readonly color: number;
  /** Place among the kinds of dashes; 0 is solid. */
  readonly dash: number;
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
  /** Before smoothing; undefined if it is the same. */
  readonly raw: readonly (number | null)[] | undefined;
}

/** A run with its name, which is its own among those that are shown. */
export interface NamedRun {
  readonly name: string;
  readonly place: number;
  readonly data: RunData;
}

/** How curves are told apart. */
export interface LineLook {
  readonly settings: Pick<Settings, "smoothing" | "axis">;
  /** Whether there are several runs. */
  readonly isCompared: boolean;
}

/** The curves of a chart. With one run colours tell its curves apart; with several, colours are runs and dashes are curves. */
export function linesOf(kind: ChartKind, runs: readonly NamedRun[], { settings, isCompared }: LineLook): DrawnLine[] {
  const { smoothing, axis } = settings;
  const kinds = kind.lines(columnsOf(runs, kind.table));
  return runs.flatMap(({ name, place, data }) =>
    kinds.flatMap(({ column, label, color }, dash): DrawnLine[] => {
      const table = data[kind.table];
      const values = table.column(column);
      if (values === undefined) return [];
      const isSmooth = kind.isExact === true || smoothing === 0;
      return [
        {
          key: `${kind.id}/${column}`,
          label: isCompared ? `${name}: ${label}` : label,
          color: isCompared ? place : color,
          dash: isCompared ? dash : 0,
          x: table[axis],
          y: isSmooth ? values : smooth(values, smoothing),
          raw: isSmooth ? undefined : values,
        },
      ];
    }),
  );
}

/** All columns that any of the runs has. */
export function columnsOf(runs: readonly NamedRun[], table: ChartKind["table"]): ReadonlySet<string> {
  return new Set(runs.flatMap(({ data }) => data[table].names));
}

/** Curves on one axis: the places of all of them in order, and of each its numbers there, undefined where another curve has a place. */
export interface AlignedLines {
  readonly x: number[];
  readonly ys: readonly (number | null | undefined)[][];
}

/** Lays curves over each other. */
export function align(curves: readonly { readonly x: readonly number[]; readonly y: readonly (number | null)[] }[]): AlignedLines {
  const [first, ...others] = curves;
  if (first === undefined) return { x: [], ys: [] };
  if (others.every(({ x }) => x === first.x)) return { x: [...first.x], ys: curves.map(({ y }) => [...y]) };
  const x = [...new Set(curves.flatMap((curve) => curve.x))].sort((a, b) => a - b);
  const places = new Map(x.map((value, place) => [value, place]));
  const ys = curves.map((curve) => {
    const values = Array.from<number | null | undefined>({ length: x.length });
    for (const [row, value] of curve.y.entries()) values[places.get(curve.x[row] as number) as number] = value;
    return values;
  });
  return { x, ys };
}
