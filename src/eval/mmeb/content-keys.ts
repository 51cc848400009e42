import { createHash } from "node:crypto";
import { contentKey, type MmebItem, type PromptStyle } from "./mmeb-item.ts";

/** Gives the bytes of an image by the path that the columns name it with. */
export interface ImageReader {
  read(path: string): Promise<Uint8Array>;
}

/** Names items by what they hold. An image is read once for its hash, however many items show it, and let go. */
export class ContentKeys {
  readonly #images: ImageReader;
  readonly #style: PromptStyle;
  readonly #hashes = new Map<string, Promise<string>>();

  constructor(images: ImageReader, style: PromptStyle) {
    this.#images = images;
    this.#style = style;
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
    const hash = this.#images.read(path).then((bytes) => createHash("sha256").update(bytes).digest("base64")); // prettier-ignore
    this.#hashes.set(path, hash);
    return hash;
  }
}

const AT_A_TIME = 8;
