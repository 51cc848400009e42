import { createHash } from "node:crypto";
import type { StoredPlace } from "../../inputs/embedding-input.ts";
import type { ImageDigests, ImageState } from "./image-digests.ts";
import { contentKey, type MmebItem, type PromptStyle } from "./mmeb-item.ts";

/** Gives the bytes of an image by the path that the columns name it with. */
export interface ImageReader {
  read(path: string): Promise<Uint8Array>;
  /** What tells without reading it whether an image is still the same; undefined if nothing does. */
  state?(path: string): Promise<ImageState | undefined>;
  /** Where an image lies, so that a thread can read it by itself; undefined if that cannot be told. */
  place?(path: string): Promise<StoredPlace | undefined>;
}

/**
 * Names items by what they hold. An image is read once for its hash, however many items show it, and let go; not at all if an earlier run read it and it is
 * still the same.
 */
export class ContentKeys {
  readonly #images: ImageReader;
  readonly #style: PromptStyle;
  readonly #digests: ImageDigests | undefined;
  readonly #hashes = new Map<string, Promise<string>>();

  /** @param digests of images that were read before, if they are kept. */
  constructor(images: ImageReader, style: PromptStyle, digests?: ImageDigests) {
    this.#images = images;
    this.#style = style;
    this.#digests = digests;
  }

  /** The item's key, 64 hexadecimal digits. @throws whatever reading its image throws. */
  async keyOf(item: MmebItem): Promise<string> {
    return contentKey(item, this.#style, item.image === undefined ? undefined : await this.#hashOf(item.image)).toString("hex");
  }

  /** The keys of several items, in their order; few images are read at a time. */
  async keysOf(items: readonly MmebItem[], signal?: AbortSignal): Promise<string[]> {
    const keys: string[] = [];
    for (let from = 0; from < items.length; from += AT_A_TIME) {
      signal?.throwIfAborted();
      keys.push(...(await Promise.all(items.slice(from, from + AT_A_TIME).map((item) => this.keyOf(item)))));
    }
    return keys;
  }

  #hashOf(path: string): Promise<string> {
    const known = this.#hashes.get(path);
    if (known !== undefined) return known;
    const hash = this.#digestOf(path).then((digest) => digest.toString("base64"));
    this.#hashes.set(path, hash);
    return hash;
  }

  async #digestOf(path: string): Promise<Buffer> {
    const state = this.#digests === undefined ? undefined : await this.#images.state?.(path);
    const known = state === undefined ? undefined : await this.#digests?.get(state);
    if (known !== undefined) return known;
    const digest = createHash("sha256").update(await this.#images.read(path)).digest(); // prettier-ignore
    if (state !== undefined) await this.#digests?.put(state, digest);
    return digest;
  }
}

const AT_A_TIME = 8;
