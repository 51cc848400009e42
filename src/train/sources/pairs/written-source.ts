import type { ImageOpener } from "../../../data/pairs/pair-input.ts";
import type { PairDataset } from "../../../data/pairs/pair-dataset.ts";
import { isEmptyRow, type PairRow } from "../../../data/pairs/pair-row.ts";
import { DataError, present } from "../../../errors/families.ts";
import type { BatchSource } from "../../batch-source.ts";
import { choose, pairBatch } from "./pair-batch.ts";
import { targetKeys, type DrawnPair, type KeyOptions } from "./target-keys.ts";

/** How written batches are taken. */
export interface WrittenSourceOptions {
  readonly seed: number;
  /** Rows of a batch, at most. */
  readonly batchSize: number;
  readonly datasets: readonly PairDataset[];
  /** Hard negatives of a query, at most. */
  readonly hardNegatives: number;
  readonly maskSameImage: boolean;
  readonly openImage: ImageOpener;
}

/** Rows of one batch that follow one another in their dataset. */
interface Run {
  readonly dataset: PairDataset;
  readonly start: number;
  count: number;
}

/**
 * Batches as the data numbers them in its column `batch`, each with its rows as they stand, of one dataset after the other; behind the last comes the first
 * again. So the batches of any other program can be trained on. The datasets are read through once for those numbers, which alone are kept.
 * @throws {DataError} if a row has no number, a number is left out, or a batch's rows are apart or more than `batchSize`.
 */
export async function writtenSource(options: WrittenSourceOptions): Promise<BatchSource> {
  const batches = await findBatches(options);
  return {
    async batch(step) {
      const number = step % batches.length;
      const drawn: DrawnPair[] = [];
      const runs = present(batches[number], "a batch");
      for (const { dataset, start, count } of runs) {
        for await (const pair of dataset.read(start, count)) {
          if (!isEmptyRow(pair)) drawn.push(choose(pair, { ...options, dataset: dataset.name, draw: step, place: drawn.length }));
        }
      }
      if (drawn.length === 0)
        throw batchProblem(runs[0]?.dataset, runs[0]?.start ?? null, `all rows of batch ${number} are empty; leave them out`);
      const task = runs.map(({ dataset }) => dataset.name).join("+");
      return pairBatch(drawn, task, { ...options, keys: writtenKeys(drawn, { sameImage: options.maskSameImage }) });
    },
  };
}

/** By the rows' own keys where all have one: then nothing else is taken for the same. Hard negatives are then right for no query. */
function writtenKeys(drawn: readonly DrawnPair[], options: KeyOptions): string[] {
  const keys = drawn.flatMap(({ pair: { positiveKey }, dataset }) => (positiveKey === undefined ? [] : `key ${dataset} ${positiveKey}`));
  if (keys.length < drawn.length) return targetKeys(drawn, options);
  const negatives = drawn.flatMap(({ hardNegatives }) => hardNegatives);
  return [...keys, ...negatives.map((_, at) => `hard negative ${at}`)];
}

async function findBatches({ datasets, batchSize }: WrittenSourceOptions): Promise<Run[][]> {
  const batches: Run[][] = [];
  const rows = datasets.reduce((sum, dataset) => sum + dataset.rows, 0);
  for (const dataset of datasets) {
    for await (const { row, batch } of dataset.read(0, dataset.rows)) {
      if (batch === undefined)
        throw batchProblem(dataset, row, 'it has no number in the column "batch"; write one, or leave out data.order');
      if (batch >= rows)
        throw batchProblem(dataset, row, `it is of batch ${batch}, but there are only ${rows} rows; number batches without gaps from 0`);
      const problem = addRow((batches[batch] ??= []), { dataset, row, batchSize });
      if (problem !== undefined) throw batchProblem(dataset, row, `batch ${batch} ${problem}`);
    }
  }
  const absent = Array.from(batches, (runs) => runs !== undefined).indexOf(false);
  if (absent === -1) return batches;
  throw batchProblem(
    datasets[0],
    null,
    `there is no batch ${absent}, but there is batch ${batches.length - 1}; number batches without gaps from 0`,
  );
}

/** Adds a row to its batch's runs. @returns what is wrong with that. */
function addRow(
  runs: Run[],
  { dataset, row, batchSize }: { readonly dataset: PairDataset; readonly row: number; readonly batchSize: number },
): string | undefined {
  const last = runs.at(-1);
  if (last?.dataset !== dataset) runs.push({ dataset, start: row, count: 1 });
  else if (row === last.start + last.count) last.count++;
  else return `begins at row ${last.start} and goes on elsewhere; write its rows one after another`;
  const size = runs.reduce((sum, { count }) => sum + count, 0);
  return size > batchSize ? `has more rows than data.batchSize, ${batchSize}; set that higher` : undefined;
}

function batchProblem(dataset: PairDataset | undefined, row: PairRow["row"] | null, problem: string): DataError {
  const file = dataset?.files[0] ?? null;
  const place = row === null ? "" : `, row ${row}`;
  return new DataError({ message: `${file ?? "the data"}${place}: ${problem}`, details: { file, row, field: "batch" } });
}
