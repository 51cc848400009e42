import type { Communicator } from "./communicator.ts";

/** A process's share of a batch's items: from `start` on, `items`. */
export interface RankShare<Item> {
  readonly start: number;
  readonly items: readonly Item[];
  /** Items that are computed at once. */
  readonly chunkSize: number;
}

/**
 * The contiguous share of a process. Chunks stay whole, so that every chunk is computed with the same numbers whatever the number of processes; a list of fewer
 * chunks than processes is cut evenly instead.
 */
export function rankShare<Item>(
  items: readonly Item[],
  chunkSize: number,
  { rank, size }: Pick<Communicator, "rank" | "size">,
): RankShare<Item> {
  const wanted = Math.max(1, Math.min(chunkSize, items.length));
  const unit = Math.ceil(items.length / wanted) < size ? 1 : wanted;
  const units = Math.ceil(items.length / unit);
  const bound = (of: number): number => Math.min(items.length, Math.floor((of * units) / size) * unit);
  const [start, end] = [bound(rank), bound(rank + 1)];
  return { start, items: items.slice(start, end), chunkSize: wanted };
}
