import { join } from "node:path";
import { DataError } from "../../errors/families.ts";
import { writeFileAtomic } from "../../files/atomic-write.ts";
import type { EmbeddingInput, RawImage } from "../../inputs/embedding-input.ts";

/** Writes decoded pictures below a root as PNG, so that the same pixels are read back. A picture that comes again is written once. */
export class ImageFiles {
  readonly root: string;
  /** Pictures that nobody holds any more are forgotten. */
  readonly #paths = new WeakMap<RawImage, string>();
  #count = 0;

  constructor(root: string) {
    this.root = root;
  }

  /** Pictures that were written. */
  get count(): number {
    return this.#count;
  }

  /**
   * The path of an input's picture, relative to the root; "" if it has none.
   * @param folder where below the root it is written. @throws {DataError} if it is not decoded. @throws {FileError} if it cannot be written.
   */
  async pathOf({ image }: Pick<EmbeddingInput, "image">, folder: string): Promise<string> {
    if (image === undefined) return "";
    if (typeof image === "string" || !("data" in image)) {
      throw new DataError({ message: `${folder}: only decoded images can be written; decode them first`, details: { folder } });
    }
    const known = this.#paths.get(image);
    if (known !== undefined) return known;
    const path = `${folder}/${this.#count++}.png`;
    this.#paths.set(image, path);
    const { default: sharp } = await import("sharp");
    const { width, height, data } = image;
    await writeFileAtomic(
      join(this.root, path),
      await sharp(data, { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer(),
    );
    return path;
  }
}
