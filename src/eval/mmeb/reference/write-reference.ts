import { createHash } from "node:crypto";
import { join } from "node:path";
import type { MmebDataset } from "../../../data/mmeb/datasets.ts";
import { DataError, present } from "../../../errors/families.ts";
import { writeFileAtomic } from "../../../files/atomic-write.ts";
import type { EmbeddingCache } from "../../embedding-cache/embedding-cache.ts";
import { throwIfAborted } from "../../evaluate.ts";
import { embedItems, readEmbeddings, type EmbedCounts, type EmbedItemsContext } from "../embed-items.ts";
import type { ItemEmbedder } from "../item-embedder.ts";
import type { MmebItem } from "../mmeb-item.ts";
import { visitDatasets, type DatasetVisitOptions } from "../visit-datasets.ts";
import { pickleNamedVectors, pickleVectors, pickleVectorsAndKeys } from "./pickle.ts";
import { readEntries, type ReferenceEntries, type ReferenceEntry } from "./reference-entries.ts";
import { earlierFiles, writeManifest, type ReferenceManifest, type WrittenFile } from "./reference-manifest.ts";
import { pickVectors, widthOf, type ReferenceVectors, type VectorRows } from "./vector-rows.ts";

/** What is written. */
export interface ReferenceOptions extends Omit<DatasetVisitOptions, "seed"> {
  /** The folder that the reference is given as `--encode_output_path`. */
  readonly out: string;
  readonly vectors: ReferenceVectors;
}

/** What was written. */
export interface ReferenceEmbeddings {
  /** In MMEB's order. */
  readonly datasets: readonly ReferenceManifest[];
  /** Datasets whose files were there from a run before. */
  readonly reused: readonly string[];
  readonly counts: EmbedCounts;
}

/**
 * Writes the embeddings of datasets as the reference's `eval.py` keeps them, so that it scores them in place of computing: `<dataset>_qry`, `<dataset>_tgt` and,
 * where the data has its instructions in columns of their own, `<dataset>_info.jsonl`. Dataset by dataset, each file whole or not at all; a run that was
 * stopped goes on where it was.
 * @throws {DataError} as `runMmeb`, and if the folder holds files that were made otherwise. @throws {AbortedError} when the signal fires.
 */
export async function writeReferenceEmbeddings(embedder: ItemEmbedder, options: ReferenceOptions): Promise<ReferenceEmbeddings> {
  const { out, vectors } = options;
  const [datasets, reused]: [ReferenceManifest[], string[]] = [[], []];
  const counts = { computed: 0, cached: 0 };
  await visitDatasets(embedder, { ...options, seed: 0 }, async ({ source: { dataset, rows, conditions }, context }) => {
    const known = await earlierFiles(out, { dataset: dataset.name, vectors, conditions });
    if (known !== undefined) {
      datasets.push(known);
      reused.push(dataset.name);
      return;
    }
    const writer = new DatasetWriter(dataset, await readEntries(dataset, rows), { context, options });
    const done = await writer.write(conditions);
    datasets.push(done.manifest);
    counts.computed += done.counts.computed;
    counts.cached += done.counts.cached;
  });
  return { datasets, reused, counts };
}

interface WriterContext {
  readonly context: EmbedItemsContext & { readonly cache: EmbeddingCache };
  readonly options: ReferenceOptions;
}

/** Inputs whose vectors are in memory at a time. */
const BLOCK = 512;

class DatasetWriter {
  readonly #dataset: MmebDataset;
  readonly #entries: ReferenceEntries;
  readonly #context: WriterContext["context"];
  readonly #options: ReferenceOptions;
  /** Stands for inputs that have no embedding; made when it is first needed. */
  #farVector: Float32Array | undefined;
  readonly #isMissing = new Map<string, boolean>();

  constructor(dataset: MmebDataset, entries: ReferenceEntries, { context, options }: WriterContext) {
    this.#dataset = dataset;
    this.#entries = entries;
    this.#context = context;
    this.#options = options;
  }

  async write(
    conditions: ReferenceManifest["conditions"],
  ): Promise<{ readonly manifest: ReferenceManifest; readonly counts: EmbedCounts }> {
    const { out, vectors } = this.#options;
    const { name } = this.#dataset;
    const { queries, candidates, infos, runner, namesakes } = this.#entries;
    const all = [...queries, ...candidates];
    for (const entry of all) await this.#lookForImage(entry);
    const items = all.flatMap((entry) => this.#itemOf(entry) ?? []);
    if (items.length === 0) throw new DataError({ message: `${name} has no input that can be embedded`, details: { dataset: name } });
    const counts = await embedItems(items, { dataset: name }, this.#context);
    const dimensions = widthOf(vectors, present(this.#context.cache.shape, "the shape of the cache"));
    const manifest: ReferenceManifest = {
      format: "polyvec-reference-embeddings",
      version: 1,
      dataset: name,
      runner,
      vectors,
      conditions,
      queries: queries.length,
      candidates: candidates.length,
      dimensions,
      withoutEmbedding: all.length - items.length,
      namesakes,
      files: null,
    };
    await writeManifest(out, manifest);
    const [queryRows, candidateRows] = [this.#rowsOf(queries, dimensions), this.#rowsOf(candidates, dimensions)];
    const files =
      runner === "v1"
        ? [
            await this.#file(`${name}_qry`, pickleVectorsAndKeys(queryRows, queries.map(keyOf))),
            await this.#file(`${name}_tgt`, pickleVectorsAndKeys(candidateRows, candidates.map(keyOf))),
          ]
        : [
            await this.#file(`${name}_tgt`, pickleNamedVectors(candidateRows, candidates.map(({ key }) => key))), // prettier-ignore
            await this.#file(`${name}_info.jsonl`, infos.map((info) => Buffer.from(`${JSON.stringify(info)}\n`))), // prettier-ignore
            await this.#file(`${name}_qry`, pickleVectors(queryRows)),
          ];
    const done = { ...manifest, files };
    await writeManifest(out, done);
    return { manifest: done, counts };
  }

  /** @throws {DataError} if an image is missing and none may be. */
  async #lookForImage({ item }: ReferenceEntry): Promise<void> {
    const image = item?.image;
    if (image === undefined || this.#isMissing.has(image)) return;
    const isThere = await this.#options.images.has(image);
    this.#isMissing.set(image, !isThere);
    if (isThere || this.#options.missingImages === "omit") return;
    const message = `${this.#dataset.name}: the image ${image} is not there; check the folder of images (--images), or leave out what misses one (--missing-images omit)`;
    throw new DataError({ message, details: { dataset: this.#dataset.name, file: image } });
  }

  /** What is embedded of an entry; undefined for one without an embedding. */
  #itemOf({ item }: ReferenceEntry): MmebItem | undefined {
    return item?.image !== undefined && this.#isMissing.get(item.image) === true ? undefined : item;
  }

  #rowsOf(entries: readonly ReferenceEntry[], dimensions: number): VectorRows {
    const blocks = this.#blocks.bind(this, entries, dimensions);
    return { count: entries.length, dimensions, blocks };
  }

  async *#blocks(entries: readonly ReferenceEntry[], dimensions: number): AsyncGenerator<Float32Array> {
    for (let from = 0; from < entries.length; from += BLOCK) {
      throwIfAborted(this.#options.signal, this.#dataset.name);
      const block = entries.slice(from, from + BLOCK);
      const picked = await this.#vectorsOf(block);
      const rows = new Float32Array(block.length * dimensions);
      let next = 0;
      for (const [row, entry] of block.entries()) {
        const has = this.#itemOf(entry) !== undefined;
        rows.set(has ? picked.subarray(next * dimensions, ++next * dimensions) : await this.#farFrom(dimensions), row * dimensions);
      }
      yield rows;
    }
  }

  /** The vectors of those entries that have one. */
  async #vectorsOf(entries: readonly ReferenceEntry[]): Promise<Float32Array> {
    const items = entries.flatMap((entry) => this.#itemOf(entry) ?? []);
    if (items.length === 0) return new Float32Array(0);
    return pickVectors(await readEmbeddings(items, this.#dataset.name, this.#context), this.#options.vectors);
  }

  /** The unit vector opposite to the mean of the queries: what stands for an input without embedding answers none. */
  async #farFrom(dimensions: number): Promise<Float32Array> {
    if (this.#farVector !== undefined) return this.#farVector;
    const sum = new Float64Array(dimensions);
    const { queries } = this.#entries;
    for (let from = 0; from < queries.length; from += BLOCK) {
      const picked = await this.#vectorsOf(queries.slice(from, from + BLOCK));
      picked.forEach((value, at) => (sum[at % dimensions] = (sum[at % dimensions] as number) + value));
    }
    const norm = Math.sqrt(sum.reduce((total, value) => total + value * value, 0));
    const far = norm === 0 ? Float32Array.from(sum, (_, at) => Number(at === 0)) : Float32Array.from(sum, (value) => -value / norm);
    return (this.#farVector = far);
  }

  async #file(name: string, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<WrittenFile> {
    const hash = createHash("sha256");
    let bytes = 0;
    await writeFileAtomic(
      join(this.#options.out, name),
      inPieces(content, (piece) => {
        hash.update(piece);
        bytes += piece.length;
      }),
    );
    return { name, bytes, sha256: hash.digest("hex") };
  }
}

function keyOf({ side: { text, image } }: ReferenceEntry): { readonly text: string; readonly img_path: string } {
  return { text, img_path: image };
}

/** Bytes that are written at a time. */
const PIECE = 1 << 20;

/** Small pieces joined to larger ones, each told before it goes on. */
async function* inPieces(
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  tell: (piece: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  const joined = (): Uint8Array => {
    const piece = Buffer.concat(waiting);
    waiting = [];
    size = 0;
    tell(piece);
    return piece;
  };
  for await (const piece of content) {
    waiting.push(piece);
    size += piece.length;
    if (size >= PIECE) yield joined();
  }
  if (size > 0) yield joined();
}
