import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MMEB_DATASETS, mmebDataset, type MmebDataset } from "../../data/mmeb/datasets.ts";
import { findEvalFiles, hashFiles } from "../../data/mmeb/eval-files.ts";
import { readEvalRows } from "../../data/mmeb/read-eval-rows.ts";
import { DataError, FileError } from "../../errors/families.ts";
import { nearestName } from "../../files/nearest-name.ts";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import { EmbeddingCache, type CacheCounts } from "../embedding-cache/embedding-cache.ts";
import { throwIfAborted } from "../evaluate.ts";
import { ContentKeys, type ImageReader } from "./content-keys.ts";
import { isUnder, readDatasetResult, resultFile, writeDatasetResult, type DatasetResult, type ResultConditions } from "./dataset-result.ts";
import type { EmbedCounts } from "./embed-items.ts";
import { ImageDigests } from "./image-digests.ts";
import type { ItemEmbedder } from "./item-embedder.ts";
import { embedShard, runDataset, type DatasetRunContext, type DatasetSource } from "./run-dataset.ts";
import type { Shard } from "./shard.ts";

/** The images that the columns name. */
export interface MmebImages extends ImageReader {
  has(path: string): boolean | Promise<boolean>;
}

/** What is run. */
export interface MmebRunOptions {
  /** The folder with one folder per dataset. */
  readonly data: string;
  readonly images: MmebImages;
  /** All that are there, if not given. */
  readonly datasets?: readonly string[] | undefined;
  /** Only the first so many rows of each dataset. */
  readonly subset?: number | undefined;
  readonly seed: number;
  readonly missingImages: "error" | "omit";
  /** Where results are kept, and found again; nowhere if not given. */
  readonly out?: string | undefined;
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

/** How one model did on MMEB. */
export interface MmebRun {
  /** In MMEB's order. */
  readonly results: readonly DatasetResult[];
  /** Datasets of MMEB whose files are not there, or that were not asked for. */
  readonly absent: readonly string[];
  /** Datasets whose results were there from a run before. */
  readonly reused: readonly string[];
  readonly counts: EmbedCounts & Pick<CacheCounts, "damaged">;
}

/**
 * Scores a model on MMEB: dataset by dataset, each result written when it is there, so that a run that was stopped goes on where it was. Embeddings
 * are shared by content within a dataset, between datasets and with earlier runs of the same model.
 * @throws {DataError} if no dataset is there, an asked-for one is not, or a row cannot be used. @throws {AbortedError} when the signal fires.
 */
export async function runMmeb(embedder: ItemEmbedder, options: MmebRunOptions): Promise<MmebRun> {
  const found = await findDatasets(options);
  const state = new RunState();
  await using cache = await openCache(embedder, options.cache);
  await using digests = await openDigests(embedder, options);
  const keys = new ContentKeys(options.images, embedder.style, digests);
  for (const [place, each] of found.entries()) {
    throwIfAborted(options.signal, each.dataset.name);
    const source = await sourceOf(each, embedder, options);
    const known = await earlierResult(source, options.out);
    if (known !== undefined) {
      state.reuse(known);
      continue;
    }
    const { result, counts } = await runDataset(
      source,
      contextOf(embedder, cache, options, { keys, dataset: each.dataset, place, datasets: found.length }),
    );
    if (options.out !== undefined) await writeDatasetResult(options.out, result);
    state.add(result, counts);
  }
  return state.finish(cache);
}

/**
 * Computes a shard's part of all embeddings into the cache. When every shard is done, {@link runMmeb} with the same cache scores without computing.
 * @throws {DataError} also for an embedder whose embeddings cannot be kept.
 */
export async function runMmebShard(embedder: ItemEmbedder, shard: Shard, options: MmebRunOptions): Promise<EmbedCounts> {
  if (embedder.identity === undefined) {
    const message = `${embedder.name} has no identity, so its embeddings cannot be kept for another process; let the module export a string \`identity\``;
    throw new DataError({ message, details: { embedder: embedder.name } });
  }
  const found = await findDatasets(options);
  await using cache = await openCache(embedder, options.cache);
  await using digests = await openDigests(embedder, options);
  const keys = new ContentKeys(options.images, embedder.style, digests);
  let [computed, cached] = [0, 0];
  for (const [place, each] of found.entries()) {
    throwIfAborted(options.signal, each.dataset.name);
    const source = await sourceOf(each, embedder, options);
    const counts = await embedShard(
      source,
      shard,
      contextOf(embedder, cache, options, { keys, dataset: each.dataset, place, datasets: found.length }),
    );
    computed += counts.computed;
    cached += counts.cached;
  }
  return { computed, cached };
}

interface FoundDataset {
  readonly dataset: MmebDataset;
  readonly files: readonly string[];
}

/** @throws {DataError} if a name is unknown, an asked-for dataset is not there, or none is. */
async function findDatasets({ data, datasets }: MmebRunOptions): Promise<FoundDataset[]> {
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
  { subset, seed, missingImages, signal }: MmebRunOptions,
): Promise<DatasetSource> {
  const embedder = identity === undefined ? null : JSON.stringify([identity.fingerprint, style, identity.options]);
  const conditions: ResultConditions = { embedder, data: await hashFiles(files), subset: subset ?? null, seed, missingImages };
  return { dataset, conditions, rows: readEvalRows(dataset.name, files, { limit: subset, signal }) };
}

/** A result of an earlier run under the same conditions; what is damaged or was made otherwise is computed anew. */
async function earlierResult({ dataset, conditions }: DatasetSource, out: string | undefined): Promise<DatasetResult | undefined> {
  if (out === undefined) return undefined;
  try {
    const result = await readDatasetResult(resultFile(out, dataset.name));
    return isUnder(result, conditions) ? result : undefined;
  } catch (error) {
    if (PolyvecError.isInstance(error) && (!(error instanceof FileError) || error.details["errno"] === "ENOENT")) return undefined;
    throw error;
  }
}

async function openCache({ name, identity }: ItemEmbedder, folder: string): Promise<EmbeddingCache> {
  if (identity !== undefined) return EmbeddingCache.open(folder, identity);
  const temporary = await mkdtemp(join(tmpdir(), "polyvec-embeddings-"));
  return EmbeddingCache.temporary(temporary, { name, fingerprint: "", options: {} });
}

/** None where nothing is kept after the run. */
async function openDigests({ identity }: ItemEmbedder, { cache, rehash = false }: MmebRunOptions): Promise<ImageDigests | undefined> {
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
  { images, signal, onProgress }: MmebRunOptions,
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

class RunState {
  readonly #results: DatasetResult[] = [];
  readonly #reused: string[] = [];
  #computed = 0;
  #cached = 0;

  add(result: DatasetResult, { computed, cached }: EmbedCounts): void {
    this.#results.push(result);
    this.#computed += computed;
    this.#cached += cached;
  }

  reuse(result: DatasetResult): void {
    this.#results.push(result);
    this.#reused.push(result.dataset);
  }

  finish({ counts: { damaged } }: EmbeddingCache): MmebRun {
    const there = new Set(this.#results.map(({ dataset }) => dataset));
    return {
      results: this.#results,
      absent: MMEB_DATASETS.flatMap(({ name }) => (there.has(name) ? [] : [name])),
      reused: this.#reused,
      counts: { computed: this.#computed, cached: this.#cached, damaged },
    };
  }
}
