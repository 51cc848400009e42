import type { EmbeddingSet } from "../../embed/embedding-set.ts";
import { AbortedError, DataError, present } from "../../errors/families.ts";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import type { EmbeddingCache } from "../embedding-cache/embedding-cache.ts";
import type { ContentKeys, ImageReader } from "./content-keys.ts";
import type { ItemEmbedder, LoadableItem } from "./item-embedder.ts";
import type { MmebItem } from "./mmeb-item.ts";
import { belongsTo, type Shard } from "./shard.ts";

/** What items are embedded with. */
export interface EmbedItemsContext {
  readonly embedder: ItemEmbedder;
  readonly cache: EmbeddingCache;
  readonly images: ImageReader;
  readonly keys: ContentKeys;
  readonly signal?: AbortSignal | undefined;
  /** Called as embeddings come. */
  readonly onProgress?: ((progress: { readonly done: number; readonly total: number }) => void) | undefined;
}

/** How many embeddings were taken from where. */
export interface EmbedCounts {
  readonly computed: number;
  readonly cached: number;
}

/** Embeddings between two times that the cache is brought to the disk. */
const SYNC_EVERY = 256;

/**
 * Sees to it that the cache holds the embedding of every item, or of those of a shard; equal contents are embedded once, images are read when their
 * turn comes. @param dataset for messages.
 * @throws {DataError} naming the dataset and the image, if an item cannot be embedded. @throws {AbortedError} when the signal fires; what was
 * embedded by then is kept.
 */
export async function embedItems(
  items: readonly MmebItem[],
  { dataset, shard }: { readonly dataset: string; readonly shard?: Shard | undefined },
  context: EmbedItemsContext,
): Promise<EmbedCounts> {
  const { cache, embedder, signal, onProgress } = context;
  const own = shard === undefined ? items : items.filter((item) => belongsTo(item, shard));
  const keys = await context.keys.keysOf(own, signal);
  const distinct = new Map(keys.map((key, place) => [key, present(own[place], "an item")]));
  const wanted = [...distinct].filter(([key]) => !cache.has(key));
  const missing = wanted.toSorted(([, left], [, right]) => sizeOf(left) - sizeOf(right));
  const unread = new Map<number, Error>();
  let computed = 0;
  onProgress?.({ done: 0, total: missing.length });
  try {
    for await (const { index, embedding, error } of embedder.embed(load(missing, unread, context), { signal })) {
      const [key, item] = present(missing[index], `item ${index}`);
      if (embedding === undefined) throw unread.get(index) ?? itemError(error, dataset, item);
      await cache.put(key, embedding);
      computed++;
      if (computed % SYNC_EVERY === 0) await cache.sync();
      onProgress?.({ done: computed, total: missing.length });
    }
  } finally {
    await cache.sync();
  }
  return { computed, cached: distinct.size - wanted.length };
}

/** Texts before images, short before long: what an embedder batches together. */
function sizeOf({ prompt, image }: MmebItem): number {
  return (image === undefined ? 0 : 1e9) + prompt.length;
}

/** Items one after another; what reading their images throws is put into `unread`. */
async function* load(
  missing: readonly (readonly [string, MmebItem])[],
  unread: Map<number, Error>,
  { images, signal }: EmbedItemsContext,
): AsyncGenerator<LoadableItem> {
  for (const [index, [, item]] of missing.entries()) {
    if (signal?.aborted === true) throw new AbortedError({ message: "the evaluation was stopped", cause: signal.reason });
    const { image } = item;
    const placeOf = async (path: string): ReturnType<NonNullable<ImageReader["place"]>> => images.place?.(path);
    const read = async (path: string): Promise<Uint8Array> => {
      try {
        return await images.read(path);
      } catch (cause) {
        const error = cause instanceof Error ? cause : new Error(String(cause), { cause });
        unread.set(index, error);
        throw error;
      }
    };
    if (image === undefined) yield { item, read: undefined };
    else yield { item, read: () => read(image), ...(images.place !== undefined && { place: () => placeOf(image) }) };
  }
}

function itemError(error: Error | undefined, dataset: string, { image, prompt }: MmebItem): Error {
  if (error !== undefined && !PolyvecError.isInstance(error)) return error;
  const what = image === undefined ? `the text ${JSON.stringify(prompt.slice(0, 60))}` : `the image ${image}`;
  const reason = error?.message.replace(/^input \d+: /, "") ?? "there is no embedding of it";
  const message = `${dataset}: ${what} cannot be embedded: ${reason}`;
  return new DataError({ message, details: { dataset, file: image ?? null }, cause: error });
}

/**
 * The embeddings of items as matrices, from the cache; those that turn out to be damaged are embedded anew.
 * @throws as {@link embedItems}.
 */
export async function readEmbeddings(items: readonly MmebItem[], dataset: string, context: EmbedItemsContext): Promise<EmbeddingSet> {
  const { cache } = context;
  const keys = await context.keys.keysOf(items, context.signal);
  const { pathCount, dimensions } = present(cache.shape, "the shape of the cache");
  const width = pathCount * dimensions;
  const aggregate = new Float32Array(items.length * dimensions);
  const paths = new Float32Array(items.length * width);
  const fill = async (place: number): Promise<boolean> => {
    const found = await cache.get(present(keys[place], "a key"));
    if (found === undefined) return false;
    aggregate.set(found.aggregate, place * dimensions);
    found.paths.forEach((vector, path) => paths.set(vector, place * width + path * dimensions));
    return true;
  };
  const damaged: number[] = [];
  for (const place of items.keys()) if (!(await fill(place))) damaged.push(place);
  if (damaged.length > 0) {
    await embedItems(damaged.map((place) => present(items[place], "an item")), { dataset }, context); // prettier-ignore
    for (const place of damaged) if (!(await fill(place))) throw new DataError({ message: `${dataset}: the embedding cache ${cache.folder} cannot be read back; check the disk, or remove the folder`, details: { dataset, file: cache.folder } }); // prettier-ignore
  }
  return { count: items.length, pathCount, dimensions, aggregate, paths };
}
