import type { AlignedLines } from "./chart-data.ts";

/** A part of the axis, in its unit. */
export type Range = readonly [from: number, to: number];

/**
 * Curves with so many places that a screen can show them, of a part of the axis and one place beyond each end. Of a bucket of neighbouring places two are left, with each
 * curve's least and greatest number there in the order in which they came, so that no peak is lost. Curves that have no more places than that stay as they are.
 */
export function thin({ x, ys }: AlignedLines, { range, most }: { readonly range: Range | undefined; readonly most: number }): AlignedLines {
  const [first, last] = range === undefined ? [0, x.length] : placesIn(x, range);
  if (last - first <= most) return first === 0 && last === x.length ? { x, ys } : cut({ x, ys }, first, last);
  const size = Math.ceil((last - first) / (most / 2));
  const buckets = Array.from({ length: Math.ceil((last - first) / size) }, (_, bucket): [number, number] => [
    first + bucket * size,
    Math.min(last, first + (bucket + 1) * size),
  ]);
  const places = buckets.flatMap(([from, to]) => (to - from === 1 ? [from] : [from, to - 1]));
  return {
    x: places.map((place) => x[place] as number),
    ys: ys.map((values) => buckets.flatMap(([from, to]) => extremes(values, from, to))),
  };
}

/** The places of a part, and one more at each end so that curves go on to the edge. */
function placesIn(x: readonly number[], [from, to]: Range): [number, number] {
  const first = x.findIndex((value) => value >= from);
  const last = x.findLastIndex((value) => value <= to);
  if (first === -1 || last === -1) return [0, x.length];
  return [Math.max(0, first - 1), Math.min(x.length, last + 2)];
}

function cut({ x, ys }: AlignedLines, first: number, last: number): AlignedLines {
  return { x: x.slice(first, last), ys: ys.map((values) => values.slice(first, last)) };
}

/** The least and the greatest number of a bucket, in their order; as many as the bucket has places, two at most. */
function extremes(values: readonly (number | null | undefined)[], from: number, to: number): (number | null | undefined)[] {
  if (to - from === 1) return [values[from]];
  let [least, greatest] = [-1, -1];
  for (let place = from; place < to; place++) {
    const value = values[place];
    if (typeof value !== "number") continue;
    if (least === -1 || value < (values[least] as number)) least = place;
    if (greatest === -1 || value > (values[greatest] as number)) greatest = place;
  }
  if (least === -1) return [null, null];
  return least < greatest ? [values[least], values[greatest]] : [values[greatest], values[least]];
}
