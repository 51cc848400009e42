import type { EmbeddingOutcome } from "../../embed/embedder.ts";
import type { CacheIdentity } from "../embedding-cache/embedding-cache.ts";
import type { MmebItem, PromptStyle } from "./mmeb-item.ts";

/** An item whose image was read. */
export interface LoadedItem {
  readonly item: MmebItem;
  /** The encoded image; undefined without one. */
  readonly bytes: Uint8Array | undefined;
}

/** Whatever turns items into embeddings: a model, or a module of the caller's. */
export interface ItemEmbedder {
  readonly name: string;
  readonly style: PromptStyle;
  /** Names what it computes, for the cache; undefined if it cannot be known, so that nothing is kept after the run. */
  readonly identity: CacheIdentity | undefined;
  /** Embeds a stream of items; outcomes are in their order. */
  embed(items: AsyncIterable<LoadedItem>, options: { readonly signal: AbortSignal | undefined }): AsyncIterable<EmbeddingOutcome>;
}
