import type { PairDataset } from "../../../data/pairs/pair-dataset.ts";
import { isEmptyRow, type PairRow } from "../../../data/pairs/pair-row.ts";
import { DataError } from "../../../errors/families.ts";

/** Rows that are read over rather than looked for anew. */
const SMALL_GAP = 2000;
/** Rows that are looked at for one that can be used. */
const LOOK_AHEAD = 4096;

/**
 * Reads rows of a dataset, wherever they lie, in the order that they are named. A row that cannot be used, as its query or its positives are empty,
 * is replaced by the next that can.
 * @param limit rows of the dataset that count.
 * @throws {DataError} if thousands of rows on end cannot be used, or as the dataset's `read`.
 */
export async function readScattered(dataset: PairDataset, rows: readonly number[], limit: number): Promise<PairRow[]> {
  const found = new Map<number, PairRow>();
  for (const { start, end, wanted } of runsOf(rows)) {
    for await (const row of dataset.read(start, end - start + 1)) if (wanted.has(row.row)) found.set(row.row, row);
  }
  const usable: PairRow[] = [];
  for (const row of rows) {
    const own = found.get(row);
    usable.push(own !== undefined && !isEmptyRow(own) ? own : await nextUsable(dataset, row, limit));
  }
  return usable;
}

interface Run {
  readonly start: number;
  end: number;
  readonly wanted: Set<number>;
}

/** Stretches of the file in which the rows lie. */
function runsOf(rows: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (const row of [...rows].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last === undefined || row - last.end > SMALL_GAP) runs.push({ start: row, end: row, wanted: new Set([row]) });
    else {
      last.end = row;
      last.wanted.add(row);
    }
  }
  return runs;
}

async function nextUsable(dataset: PairDataset, row: number, limit: number): Promise<PairRow> {
  for (const [start, count] of [
    [row + 1, Math.min(LOOK_AHEAD, limit - row - 1)],
    [0, Math.min(LOOK_AHEAD, row)],
  ] as const) {
    if (count <= 0) continue;
    for await (const next of dataset.read(start, count)) if (!isEmptyRow(next)) return next;
  }
  const [file = dataset.name] = dataset.files;
  const message = `${file}: no row after row ${row} can be used, as all have an empty query or positive; look at it with: polyvec data check ${file}`;
  throw new DataError({ message, details: { file, row, field: null } });
}
