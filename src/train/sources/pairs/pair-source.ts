import type { ImageOpener } from "../../../data/pairs/pair-input.ts";
import type { PairDataset } from "../../../data/pairs/pair-dataset.ts";
import type { PairRow, PairSide } from "../../../data/pairs/pair-row.ts";
import { ConfigError, present } from "../../../errors/families.ts";
import type { BatchSource } from "../../batch-source.ts";
import type { PairData } from "../../recipe/recipe-types.ts";
import { choose, pairBatch } from "./pair-batch.ts";
import { readScattered } from "./read-scattered.ts";
import { consecutiveRows, RowsByLength, scatteredRows } from "./row-order.ts";
import { SlotSchedule } from "./slot-schedule.ts";
import { targetKeys, type DrawnPair } from "./target-keys.ts";

/** A dataset of a mixture. */
export interface MixedDataset {
  readonly dataset: PairDataset;
  /** Relative weight among the datasets. */
  readonly weight: number;
  /** Only so many rows, the first. */
  readonly rows: number;
}

/** A dataset with its weight and rows as a recipe says. */
export function mixedDataset(dataset: PairDataset, { datasets = {}, rowsPerDataset }: PairData): MixedDataset {
  const { weight, rows: most = rowsPerDataset } = datasets[dataset.name] ?? {};
  const rows = Math.min(dataset.rows, most);
  return { dataset, rows, weight: weight ?? rows };
}

/** How batches of pairs are drawn. */
export interface PairSourceOptions {
  readonly seed: number;
  /** Queries of a batch. */
  readonly batchSize: number;
  readonly datasets: readonly MixedDataset[];
  /** Rows of one dataset that follow one another and come together; a batch is then a mixture of such runs. A batch is of one dataset if not given. */
  readonly rowsTogether?: number | undefined;
  /** Whether a batch's rows, or a run's, are of about one length. */
  readonly groupByLength: boolean;
  /** Hard negatives of a query, at most. */
  readonly hardNegatives: number;
  /** Whether targets of the same images are never negatives of each other's queries. */
  readonly maskSameImage: boolean;
  readonly openImage: ImageOpener;
}

/**
 * Batches of pairs out of a mixture of datasets. Each dataset has its share of the batches (or runs) by weight, and each of its rows comes once in a
 * round. A batch depends on the options and the step alone: it is found without what came before, whatever the length of the stream. Only numbers are
 * kept in memory; rows are read when their batch comes.
 * @throws {ConfigError} if a batch is no whole number of runs, or a dataset has fewer rows than are drawn at once.
 */
export function pairSource(options: PairSourceOptions): BatchSource {
  const { seed, batchSize, datasets, rowsTogether = batchSize } = options;
  checkSizes(options, rowsTogether);
  const schedule = new SlotSchedule(
    datasets.map(({ weight }) => weight),
    seed,
  );
  const drawers = datasets.map((mixed) => new RowDrawer(mixed, { ...options, size: rowsTogether }));
  const slots = batchSize / rowsTogether;
  return {
    async batch(step) {
      const drawn: DrawnPair[] = [];
      for (let slot = step * slots; slot < (step + 1) * slots; slot++) {
        const { dataset, draw } = schedule.at(slot);
        drawn.push(...(await present(drawers[dataset], "a dataset").draw(draw)));
      }
      const names = new Set(drawn.map(({ dataset }) => dataset));
      return pairBatch(drawn, [...names].join("+"), { ...options, keys: targetKeys(drawn, { sameImage: options.maskSameImage }) });
    },
  };
}

/** Draws rows of one dataset, with one positive and some hard negatives of each. */
class RowDrawer {
  readonly #mixed: MixedDataset;
  readonly #options: PairSourceOptions;
  readonly #rowsOf: (draw: number) => Promise<readonly number[]> | readonly number[];

  constructor(mixed: MixedDataset, options: PairSourceOptions & { readonly size: number }) {
    const { seed, size, rowsTogether, groupByLength } = options;
    const { rows, dataset } = mixed;
    this.#mixed = mixed;
    this.#options = options;
    const { name } = dataset;
    const order = (rowsTogether === undefined ? scatteredRows : consecutiveRows)({ seed, name, rows, size });
    const lengthOf = async (wanted: readonly number[]): Promise<number[]> => (await this.#read(wanted)).map(lengthOfRow);
    const byLength = groupByLength && rowsTogether === undefined ? new RowsByLength(order, { seed, name, lengthOf }) : order;
    this.#rowsOf = (draw) => byLength.rowsOf(draw);
  }

  async draw(draw: number): Promise<DrawnPair[]> {
    const { name } = this.#mixed.dataset;
    const pairs = await this.#read(await this.#rowsOf(draw));
    return pairs.map((pair, place) => choose(pair, { ...this.#options, dataset: name, draw, place }));
  }

  #read(rows: readonly number[]): Promise<PairRow[]> {
    return readScattered(this.#mixed.dataset, rows, this.#mixed.rows);
  }
}

/** Characters that an image counts for. */
const IMAGE_LENGTH = 1000;

/** How much there is to encode in a row, about. */
function lengthOfRow({ query, positives }: PairRow): number {
  const lengthOf = ({ text, images }: PairSide): number => text.length + IMAGE_LENGTH * images.length;
  return lengthOf(query) + Math.max(...positives.map(lengthOf));
}

function checkSizes({ batchSize, datasets }: PairSourceOptions, together: number): void {
  if (batchSize % together !== 0) {
    const message = `data.batchSize is ${batchSize}, which is no multiple of data.rowsTogether, ${together}; change one of them`;
    throw new ConfigError({ message, details: { field: "data.rowsTogether", got: together, expected: `a divisor of ${batchSize}` } });
  }
  const small = datasets.find(({ rows }) => rows < together);
  if (small === undefined) return;
  const field = together === batchSize ? "data.batchSize" : "data.rowsTogether";
  const message = `${field} is ${together}, but the dataset ${small.dataset.name} has only ${small.rows} rows; lower it or leave the dataset out`;
  throw new ConfigError({ message, details: { field, got: together, expected: `${small.rows} at most` } });
}
