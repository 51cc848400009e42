import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { openImageStore, type ImageStore } from "../../data/image-store/image-store.ts";
import { findPairs, openPairs } from "../../data/pairs/open-pairs.ts";
import type { PairDataset } from "../../data/pairs/pair-dataset.ts";
import type { Embedder } from "../../embed/embedder.ts";
import { loadModel } from "../../embed/load-model.ts";
import { JsonLinesWriter } from "../../files/json-lines.ts";
import { mineNegatives, type MinedRow } from "../../train/mining/mine-negatives.ts";
import { locatePairs } from "../../train/sources/pairs/locate-pairs.ts";
import type { CommandContext } from "../command-module.ts";
import { showDownload } from "../terminal/show-download.ts";
import { formatTable } from "../terminal/table.ts";
import { fitsColumns, MinedWriter, toJsonRow } from "./mined-writer.ts";

/** What is mined, and how. */
export interface MineDataOptions {
  readonly out: string;
  readonly images?: string | undefined;
  readonly split: string;
  readonly datasets?: readonly string[] | undefined;
  readonly rows?: number | undefined;
  readonly count: number;
  readonly margin: number;
  readonly batch?: number | undefined;
  readonly threads?: number | undefined;
}

/** What came of a dataset. */
interface MinedDataset {
  readonly name: string;
  readonly rows: number;
  /** Mean over rows. */
  readonly hardNegatives: number;
  /** Mean over rows of the targets that were within the margin. */
  readonly tooNear: number;
  readonly file: string;
}

/** Mines each dataset at a place into the same layout below `out`. */
export async function mineData(modelName: string, path: string, options: MineDataOptions, context: CommandContext): Promise<void> {
  const { threads, out } = options;
  const place = { ...options, path, resolved: resolve(path), withImages: options.images === undefined };
  const located = await locatePairs(place, showDownload(context));
  const found = await findPairs(located.path, options);
  await using model = await loadModel(modelName, { ...showDownload(context), ...(threads === undefined ? {} : { threads }) });
  await using images = await openImageStore(options.images ?? located.images);
  const mined: MinedDataset[] = [];
  for (const files of found) {
    await using dataset = await openPairs(files);
    mined.push(await mineDataset(dataset, { model, images, options }, context));
  }
  if (context.json) return await context.out.json({ path, datasets: mined });
  const right = "right";
  const titles = ["rows", "hard negatives a row", "too near a row"].map((title) => ({ title, align: right }) as const);
  const rows = mined.map(({ name, rows: count, hardNegatives, tooNear }) => [name, count, hardNegatives.toFixed(2), tooNear.toFixed(2)]);
  await context.out.line(
    `${formatTable([{ title: "dataset" }, ...titles], rows)}\n\nwritten to ${out}: train on it with "path": ${JSON.stringify(out)}`,
  );
}

interface Mining {
  readonly model: Embedder;
  readonly images: ImageStore;
  readonly options: MineDataOptions;
}

async function mineDataset(dataset: PairDataset, { model, images, options }: Mining, context: CommandContext): Promise<MinedDataset> {
  const { count, margin, batch: batchSize, rows: most = dataset.rows } = options;
  const { signal, progress } = context;
  const rows = Math.min(dataset.rows, most);
  const task = progress.task({ label: `mine ${dataset.name}`, total: 2 * rows, unit: "inputs", itemUnit: "inputs" });
  const onProgress = (done: number): void => task.update({ done });
  const writer = await openWriter(dataset, options);
  const sums = { rows: 0, hardNegatives: 0, tooNear: 0 };
  try {
    for await (const row of mineNegatives(model, dataset, {
      rows,
      count,
      margin,
      batchSize,
      onProgress,
      signal,
      openImage: (path) => images.image(path),
    })) {
      await writer.write(row);
      sums.rows++;
      sums.hardNegatives += row.hardNegatives.length;
      sums.tooNear += row.tooNear;
    }
    await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
  task.finish();
  const mean = (sum: number): number => (sums.rows === 0 ? 0 : sum / sums.rows);
  return { name: dataset.name, rows: sums.rows, hardNegatives: mean(sums.hardNegatives), tooNear: mean(sums.tooNear), file: writer.file };
}

interface RowWriter {
  readonly file: string;
  write(row: MinedRow): Promise<void>;
  finish(): Promise<void>;
  abandon(): Promise<void>;
}

/** Parquet of MMEB's columns where they hold every row, else JSON lines. */
async function openWriter(dataset: PairDataset, { out, split, rows = dataset.rows }: MineDataOptions): Promise<RowWriter> {
  const folder = join(out, dataset.name);
  let fits = true;
  for await (const pair of dataset.read(0, rows)) fits &&= fitsColumns(pair);
  if (fits) return MinedWriter.open(join(folder, `${split}-00000-of-00001.parquet`));
  const file = join(folder, `${split}.jsonl`);
  await rm(file, { force: true });
  const lines = await JsonLinesWriter.open(file);
  return {
    file,
    write: (row) => lines.append(toJsonRow(row)),
    finish: () => lines.close(),
    async abandon() {
      await lines.close();
      await rm(file, { force: true });
    },
  };
}
