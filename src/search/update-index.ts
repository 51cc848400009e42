import type { Embedder } from "../embed/embedder.ts";
import { takeRows } from "../embed/embedding-set.ts";
import { present } from "../errors/families.ts";
import { PolyvecError } from "../errors/polyvec-error.ts";
import type { EmbeddingInput } from "../inputs/embedding-input.ts";
import { loadIndex, saveIndex, type IndexMetadata } from "./index-folder.ts";
import { VectorIndex } from "./vector-index.ts";

/** Something that an index is to hold. */
export interface IndexItem {
  /** A name for the content: what has the same id is not embedded again. */
  readonly id: string;
  readonly input: EmbeddingInput;
}

/** How {@link updateIndex} goes on. */
export interface UpdateIndexOptions {
  readonly model: Embedder;
  /** What made the embeddings: an index with other metadata is made anew. */
  readonly metadata: IndexMetadata;
  readonly signal?: AbortSignal | undefined;
  /** Called while new items are embedded. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

/** An index that holds what it should. */
export interface UpdatedIndex {
  readonly index: VectorIndex;
  /** Items that cannot be embedded, by id, and why. */
  readonly failed: ReadonlyMap<string, Error>;
}

/** An index that is long in the making is saved now and then, so that an interruption costs no more than this. */
const SAVE_EVERY_MS = 30_000;

/**
 * Brings an index folder up to date: what it holds already stays, what is new is embedded, what is not wanted any more goes.
 * Interrupted, it keeps what was embedded so far. @throws {FileError} if the folder cannot be written. @throws {AbortedError} when `signal` fires.
 */
export async function updateIndex(folder: string, items: readonly IndexItem[], options: UpdateIndexOptions): Promise<UpdatedIndex> {
  const { model, metadata } = options;
  const old = await openIndex(folder, options);
  const wanted = new Map(items.map((item) => [item.id, item]));
  const kept = old.ids.flatMap((id, row) => (wanted.has(id) ? [row] : []));
  const index = new VectorIndex({ pathCount: model.pathCount, dimensions: model.dimensions });
  index.add(kept.map((row) => old.ids[row] as string), takeRows(old.embeddings, kept)); // prettier-ignore
  const missing = [...wanted.values()].filter(({ id }) => !index.has(id));
  const saver = new Saver(() => saveIndex(folder, index, metadata), kept.length < old.size);
  try {
    return { index, failed: await embedItems(index, missing, { ...options, saver }) };
  } finally {
    await saver.save();
  }
}

/** The index in a folder if it is one of this model, else an empty one. */
async function openIndex(folder: string, { model, metadata }: UpdateIndexOptions): Promise<VectorIndex> {
  const { pathCount, dimensions } = model;
  const empty = new VectorIndex({ pathCount, dimensions });
  try {
    const { index, metadata: found } = await loadIndex(folder);
    const isSame = index.pathCount === pathCount && index.dimensions === dimensions && sameMetadata(found, metadata);
    return isSame ? index : empty;
  } catch (error) {
    if (PolyvecError.isInstance(error)) return empty; // not there, or damaged: it is made anew
    throw error;
  }
}

function sameMetadata(a: IndexMetadata, b: IndexMetadata): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => a[name] === b[name]);
}

async function embedItems(
  index: VectorIndex,
  items: readonly IndexItem[],
  { model, signal, onProgress, saver }: UpdateIndexOptions & { readonly saver: Saver },
): Promise<Map<string, Error>> {
  const failed = new Map<string, Error>();
  const { pathCount, dimensions } = model;
  const { length: total } = items;
  const tell = ({ done }: { readonly done: number }): void => onProgress?.({ done, total });
  if (total > 0) tell({ done: 0 });
  const outcomes = model.embedEach(items.map(({ input }) => input), { signal, onProgress: tell }); // prettier-ignore
  for await (const { index: place, embedding, error } of outcomes) {
    const { id } = present(items[place], `item ${place}`);
    if (error !== undefined) failed.set(id, error);
    else {
      const paths = new Float32Array(pathCount * dimensions);
      embedding.paths.forEach((vector, path) => paths.set(vector, path * dimensions));
      index.add([id], { count: 1, pathCount, dimensions, aggregate: embedding.aggregate, paths });
      await saver.changed();
    }
  }
  return failed;
}

/** Saves now and then, and at the end, if anything changed. */
class Saver {
  readonly #write: () => Promise<void>;
  #isChanged: boolean;
  #savedAt = performance.now();

  constructor(write: () => Promise<void>, isChanged: boolean) {
    this.#write = write;
    this.#isChanged = isChanged;
  }

  async changed(): Promise<void> {
    this.#isChanged = true;
    if (performance.now() - this.#savedAt > SAVE_EVERY_MS) await this.save();
  }

  async save(): Promise<void> {
    if (!this.#isChanged) return;
    await this.#write();
    this.#isChanged = false;
    this.#savedAt = performance.now();
  }
}
