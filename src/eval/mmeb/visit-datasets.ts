import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MMEB_DATASETS, mmebDataset, type MmebDataset } from "../../data/mmeb/datasets.ts";
import { findEvalFiles, hashFiles } from "../../data/mmeb/eval-files.ts";
import { readEvalRows } from "../../data/mmeb/read-eval-rows.ts";
import { DataError } from "../../errors/families.ts";
import { nearestName } from "../../files/nearest-name.ts";
import { EmbeddingCache, type CacheCounts } from "../embedding-cache/embedding-cache.ts";
import { throwIfAborted } from "../evaluate.ts";
import { ContentKeys, type ImageReader } from "./content-keys.ts";
import type { ResultConditions } from "./dataset-result.ts";
import { ImageDigests } from "./image-digests.ts";
import type { ItemEmbedder } from "./item-embedder.ts";
import type { DatasetRunContext, DatasetSource } from "./run-dataset.ts";

/** The images that the columns name. */
export interface MmebImages extends ImageReader {
  has(path: string): boolean | Promise<boolean>;
}

/** Which datasets are visited, and with what. */
export interface DatasetVisitOptions {
  /** The folder with one folder per dataset. */
  readonly data: string;
  readonly images: MmebImages;
  /** All that are there, if not given. */
  readonly datasets?: readonly string[] | undefined;
  /** Only the first so many rows of each dataset. */
  readonly subset?: number | undefined;
  readonly seed: number;
  readonly missingImages: "error" | "omit";
  /** Where embeddings are kept, and the digests of images. */
  readonly cache: string;
  /** Reads every image again to name it by its content, whatever an earlier run knows of it. */
  readonly rehash?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: MmebProgress) => void) | undefined;
}

/** How far a run is. */
export interface MmebProgress {
  readonly dataset: string;
  /** Which dataset, from 1, of how many. */
  readonly place: number;
  readonly datasets: number;
  /** Embeddings of the dataset that are computed; none to do if all are in the cache. */
  readonly done: number;
  readonly total: number;
}

/** A dataset whose turn it is. */
export interface DatasetVisit {
  readonly source: DatasetSource;
  readonly context: DatasetRunContext;
}

/**
 * Visits the datasets that are there, or that are asked for, in MMEB's order, with one cache of embeddings for all.
 * @returns how many embeddings of the cache were damaged.
 * @throws {DataError} if no dataset is there, or an asked-for one is not. @throws {AbortedError} when the signal fires between two datasets.
 */
export async function visitDatasets(
  embedder: ItemEmbedder,
  options: DatasetVisitOptions,
  visit: (dataset: DatasetVisit) => Promise<void>,
): Promise<Pick<CacheCounts, "damaged">> {
  const found = await findDatasets(options);
  await using cache = await openCache(embedder, options.cache);
  await using digests = await openDigests(embedder, options);
  const keys = new ContentKeys(options.images, embedder.style, digests);
  for (const [place, each] of found.entries()) {
    throwIfAborted(options.signal, each.dataset.name);
    const source = await sourceOf(each, embedder, options);
    await visit({ source, context: contextOf(embedder, cache, options, { keys, dataset: each.dataset, place, datasets: found.length }) });
  }
  return { damaged: cache.counts.damaged };
}

interface FoundDataset {
  readonly dataset: MmebDataset;
  readonly files: readonly string[];
}

/** @throws {DataError} if a name is unknown, an asked-for dataset is not there, or none is. */
async function findDatasets({ data, datasets }: DatasetVisitOptions): Promise<FoundDataset[]> {
  const asked = datasets === undefined ? MMEB_DATASETS : [...new Set(datasets)].map(known);
  const found: FoundDataset[] = [];
  for (const dataset of MMEB_DATASETS.filter((each) => asked.includes(each))) {
    const files = await findEvalFiles(data, dataset.name);
    if (files.length > 0) found.push({ dataset, files });
    else if (datasets !== undefined) throw notThere(dataset.name, data);
  }
  if (found.length === 0) throw notThere("ImageNet-1K", data, "none of MMEB's 36 datasets is there: ");
  return found;
}

function known(name: string): MmebDataset {
  const dataset = mmebDataset(name);
  if (dataset !== undefined) return dataset;
  const near = nearestName(
    name,
    MMEB_DATASETS.map((each) => each.name),
  );
  const hint = near === undefined ? `the 36 are ${MMEB_DATASETS.map((each) => each.name).join(", ")}` : `did you mean ${near}?`;
  throw new DataError({ message: `MMEB has no dataset ${name}; ${hint}`, details: { got: name, expected: near ?? null } });
}

function notThere(name: string, data: string, before = ""): DataError {
  const message = `${before}there is no ${join(data, name, "test-*.parquet")}; check the folder of the data (--data), which holds a folder for each dataset`;
  return new DataError({ message, details: { dataset: name, file: data } });
}

async function sourceOf(
  { dataset, files }: FoundDataset,
  { identity, style }: ItemEmbedder,
  { subset, seed, missingImages, signal }: DatasetVisitOptions,
): Promise<DatasetSource> {
  const embedder = identity === undefined ? null : JSON.stringify([identity.fingerprint, style, identity.options]);
  const conditions: ResultConditions = { embedder, data: await hashFiles(files), subset: subset ?? null, seed, missingImages };
  return { dataset, conditions, rows: readEvalRows(dataset.name, files, { limit: subset, signal }) };
}

async function openCache({ name, identity }: ItemEmbedder, folder: string): Promise<EmbeddingCache> {
  if (identity !== undefined) return EmbeddingCache.open(folder, identity);
  const temporary = await mkdtemp(join(tmpdir(), "polyvec-embeddings-"));
  return EmbeddingCache.temporary(temporary, { name, fingerprint: "", options: {} });
}

/** None where nothing is kept after the run. */
async function openDigests({ identity }: ItemEmbedder, { cache, rehash = false }: DatasetVisitOptions): Promise<ImageDigests | undefined> {
  return identity === undefined ? undefined : ImageDigests.open(cache, { rehash });
}

/** Which dataset's turn it is. */
interface Turn {
  /** Of the whole run, so that an image that several datasets show is read for its name once. */
  readonly keys: ContentKeys;
  readonly dataset: MmebDataset;
  readonly place: number;
  readonly datasets: number;
}

function contextOf(
  embedder: ItemEmbedder,
  cache: EmbeddingCache,
  { images, signal, onProgress }: DatasetVisitOptions,
  turn: Turn,
): DatasetRunContext {
  const { keys, dataset, place, datasets } = turn;
  return {
    embedder,
    cache,
    images,
    keys,
    hasImage: (path) => images.has(path),
    signal,
    onProgress: (progress) => onProgress?.({ dataset: dataset.name, place: place + 1, datasets, ...progress }),
  };
}
