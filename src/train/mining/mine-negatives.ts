import type { ImageOpener } from "../../data/pairs/pair-input.ts";
import { toPromptInput } from "../../data/pairs/pair-input.ts";
import type { PairDataset } from "../../data/pairs/pair-dataset.ts";
import { isEmptyRow, type PairRow, type PairSide } from "../../data/pairs/pair-row.ts";
import type { Embedder } from "../../embed/embedder.ts";
import { present } from "../../errors/families.ts";
import { BlockScorer, type VectorRows } from "./score-blocks.ts";
import { TargetPool } from "./target-pool.ts";

/** How hard negatives are looked for. */
export interface MiningOptions {
  /** Rows of the dataset, the first. */
  readonly rows: number;
  /** Hard negatives of a query, at most. */
  readonly count: number;
  /** A target whose cosine is above that of the positive minus this is left out: it may well be an answer that nobody noted. */
  readonly margin: number;
  readonly openImage: ImageOpener;
  /** Inputs embedded at once. */
  readonly batchSize?: number | undefined;
  /** Told how many inputs are embedded, of how many: the targets, then the queries. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A row with what was found for it. */
export interface MinedRow {
  readonly pair: PairRow;
  /** The most alike first; what the row had comes before. */
  readonly hardNegatives: readonly PairSide[];
  /** Targets that were left out as too near to the positive. */
  readonly tooNear: number;
}

/** Queries that are searched for at once. */
const WINDOW = 256;

/**
 * For each row the targets of its dataset that the model takes for the most alike to the query, by the cosine of aggregates: not those known to answer it
 * (its own, those of rows with the same query or key), and not those within the margin of its positive. The vectors of all targets are in memory, 4 bytes
 * a number; queries come and go. Rows that cannot be used are left out.
 * @throws {ProcessorError} naming the row, if a side cannot be embedded. @throws as the dataset's `read`. @throws {AbortedError} when `signal` fires.
 */
export async function* mineNegatives(model: Embedder, dataset: PairDataset, options: MiningOptions): AsyncGenerator<MinedRow> {
  const { rows, signal } = options;
  const pool = await TargetPool.read(dataset, rows, signal);
  const total = pool.targets.length + rows;
  const embed = async (sides: readonly PairSide[], before: number): Promise<VectorRows> => {
    const inputs = sides.map((side) => toPromptInput(side, options.openImage, dataset.name));
    const { batchSize, onProgress } = options;
    const set = await model.embedSet(inputs, {
      paths: "aggregate",
      ...(batchSize === undefined ? {} : { batchSize }),
      ...(signal === undefined ? {} : { signal }),
      onProgress: ({ done }) => onProgress?.(before + done, total),
    });
    return { count: set.count, vectors: set.aggregate };
  };
  const targets = await embed(pool.targets, 0);
  await using scorer = await BlockScorer.create(model.dimensions);
  for await (const { pairs, before } of windows(dataset, rows, signal)) {
    const queries = await embed(
      pairs.map(({ query }) => query),
      pool.targets.length + before,
    );
    yield* await search({ pairs, pool, queries, targets, scorer, options });
  }
}

async function* windows(
  dataset: PairDataset,
  rows: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ pairs: PairRow[]; before: number }> {
  let pairs: PairRow[] = [];
  for await (const pair of dataset.read(0, rows, signal)) {
    if (!isEmptyRow(pair)) pairs.push(pair);
    if (pairs.length < WINDOW) continue;
    yield { pairs, before: pair.row + 1 - pairs.length };
    pairs = [];
  }
  if (pairs.length > 0) yield { pairs, before: rows - pairs.length };
}

interface Search {
  readonly pairs: readonly PairRow[];
  readonly pool: TargetPool;
  readonly queries: VectorRows;
  readonly targets: VectorRows;
  readonly scorer: BlockScorer;
  readonly options: MiningOptions;
}

async function search({ pairs, pool, queries, targets, scorer, options }: Search): Promise<MinedRow[]> {
  const { count, margin } = options;
  const found = pairs.map((pair, query) => {
    const answers = pool.answersOf(pair);
    const own = pair.positives.map((side) => dot(queries, query, { rows: targets, row: present(pool.placeOf(side), "a target") }));
    return { pair, answers, limit: Math.max(...own) - margin, best: new Best(count), tooNear: 0 };
  });
  for await (const block of scorer.blocks(queries, targets)) {
    for (const [query, entry] of found.entries()) {
      for (let place = 0; place < block.count; place++) {
        const score = block.scores[query * block.count + place] as number;
        if (score <= entry.best.worst || entry.answers.has(block.start + place)) continue;
        if (score > entry.limit) entry.tooNear++;
        else entry.best.add(block.start + place, score);
      }
    }
  }
  return found.map(({ pair, best, tooNear }) => {
    const mined = best.places.map((place) => present(pool.targets[place], "a target"));
    return { pair, hardNegatives: [...pair.hardNegatives, ...mined], tooNear };
  });
}

/** The few best of many, best first; of equal scores the first that came. */
class Best {
  readonly #size: number;
  readonly #entries: { readonly place: number; readonly score: number }[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  /** What has to be beaten. */
  get worst(): number {
    return this.#entries.length < this.#size ? -Infinity : (this.#entries.at(-1)?.score ?? Infinity);
  }

  get places(): number[] {
    return this.#entries.map(({ place }) => place);
  }

  add(place: number, score: number): void {
    const at = this.#entries.findIndex((entry) => entry.score < score);
    this.#entries.splice(at === -1 ? this.#entries.length : at, 0, { place, score });
    if (this.#entries.length > this.#size) this.#entries.pop();
  }
}

function dot(queries: VectorRows, query: number, { rows, row }: { readonly rows: VectorRows; readonly row: number }): number {
  const width = queries.vectors.length / queries.count;
  let sum = 0;
  for (let at = 0; at < width; at++) sum += (queries.vectors[query * width + at] as number) * (rows.vectors[row * width + at] as number);
  return sum;
}
