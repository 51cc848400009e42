import { resolve } from "node:path";
import { openImageStore, type ImageStore } from "../../../data/image-store/image-store.ts";
import { findPairs, openPairs } from "../../../data/pairs/open-pairs.ts";
import type { PairDataset } from "../../../data/pairs/pair-dataset.ts";
import type { ImageOpener } from "../../../data/pairs/pair-input.ts";
import type { PairData, Recipe } from "../../recipe/recipe-types.ts";
import type { OpenDataOptions, OpenedData } from "../opened-data.ts";
import { locatePairs } from "./locate-pairs.ts";
import { mixedDataset, pairSource } from "./pair-source.ts";
import { ThreadedPairs } from "./threaded-pairs.ts";
import { writtenSource } from "./written-source.ts";

/** Rows of each dataset whose texts a new tokenizer learns from. */
const ROWS_FOR_TOKENIZER = 5000;

/**
 * The pairs that a recipe names: its files are opened, their rows left where they are.
 * @throws {FileError} {HubError} {DataError} if a dataset is not there or damaged. @throws {ConfigError} if batches cannot be made of it.
 */
export async function openPairData(
  { data, seed }: { readonly data: PairData; readonly seed: Recipe["seed"] },
  { folder = ".", ...hub }: OpenDataOptions,
): Promise<OpenedData> {
  const wanted = { split: data.split, datasets: data.datasets === undefined ? undefined : Object.keys(data.datasets) };
  const place = { ...wanted, path: data.path, resolved: resolve(folder, data.path), withImages: data.images === undefined };
  const located = await locatePairs(place, hub);
  const found = await findPairs(located.path, wanted);
  const opened: PairDataset[] = [];
  let images: ImageStore | undefined;
  let threaded: ThreadedPairs | undefined;
  const dispose = async (): Promise<void> => {
    await threaded?.dispose();
    await Promise.all([...opened.map((dataset) => dataset.dispose()), images?.dispose()]);
  };
  try {
    for (const files of found) opened.push(await openPairs(files));
    images = await openImageStore(data.images === undefined ? located.images : resolve(folder, data.images));
    const store = images;
    const openImage: ImageOpener = (image) => store.image(image);
    const shared = { ...data, seed, openImage };
    if (data.order === "written") {
      const source = await writtenSource({ ...shared, datasets: opened });
      return { source, texts: () => textsOf(opened), instructions: {}, dispose };
    }
    const here = pairSource({ ...shared, datasets: opened.map((dataset) => mixedDataset(dataset, data)) });
    const source = (threaded = new ThreadedPairs({ here, openImage, reading: { found, data, seed } }));
    return { source, texts: () => textsOf(opened), instructions: {}, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function* textsOf(datasets: readonly PairDataset[]): AsyncGenerator<string> {
  for (const dataset of datasets) {
    for await (const { query, positives } of dataset.read(0, ROWS_FOR_TOKENIZER)) {
      for (const { text } of [query, ...positives]) yield text;
    }
  }
}
