import type { StoredImage } from "../../inputs/embedding-input.ts";
import type { EmbeddingOutcome } from "../../embed/embedder.ts";
import type { CacheIdentity } from "../embedding-cache/embedding-cache.ts";
import type { MmebItem, PromptStyle } from "./mmeb-item.ts";

/** An item whose image can be read. */
export interface LoadableItem {
  readonly item: MmebItem;
  /** Gives the encoded image; undefined without one. */
  readonly read: (() => Promise<Uint8Array>) | undefined;
  /** Where it lies, if that can be told. */
  readonly place?: StoredImage["place"];
}

/** Whatever turns items into embeddings: a model, or a module of the caller's. */
export interface ItemEmbedder {
  readonly name: string;
  readonly style: PromptStyle;
  /** Names what it computes, for the cache; undefined if it cannot be known, so that nothing is kept after the run. */
  readonly identity: CacheIdentity | undefined;
  /** Embeds a stream of items; outcomes are in their order. */
  embed(items: AsyncIterable<LoadableItem>, options: { readonly signal: AbortSignal | undefined }): AsyncIterable<EmbeddingOutcome>;
}
