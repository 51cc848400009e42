import { decodeImage } from "../../inputs/decode-image.ts";
import type { ImageSource, RawImage, StoredImage, StoredPlace } from "../../inputs/embedding-input.ts";
import { readStored } from "../../inputs/read-stored.ts";
import type { ImageFitting } from "../../model/multimodal/image-fitting.ts";

/** An encoded picture to be decoded and fitted, as it is sent to another thread. */
export interface PictureTask {
  /** Its file; its bytes; or a stored one, with its bytes or where they lie. */
  readonly picture: string | Uint8Array | (Pick<StoredImage, "name" | "square"> & { readonly from: Uint8Array | StoredPlace });
  readonly fitting: ImageFitting;
}

/** A picture that has to be decoded. */
export type EncodedSource = Exclude<ImageSource, RawImage>;

/** Whether a picture has to be decoded. */
export function isEncoded(source: ImageSource): source is EncodedSource {
  return typeof source === "string" || source instanceof Uint8Array || "read" in source;
}

/** What is to be done with a picture; one of which it cannot be told where it lies is read. @throws as reading it. */
export async function pictureTask(source: EncodedSource, fitting: ImageFitting): Promise<PictureTask> {
  if (typeof source === "string" || source instanceof Uint8Array) return { picture: source, fitting };
  const { name, square, read, place } = source;
  const stored = { name, ...(square !== undefined && { square }) };
  return { picture: { ...stored, from: (await place?.()) ?? (await read()) }, fitting };
}

/** Bytes that a task holds in memory. */
export function taskBytes({ picture }: PictureTask): number {
  if (typeof picture === "string") return 0;
  const bytes = picture instanceof Uint8Array ? picture : picture.from;
  return bytes instanceof Uint8Array ? bytes.byteLength : 0;
}

/** Decodes the picture of a task. @throws as `decodeImage`. */
export async function decodePicture(picture: PictureTask["picture"]): Promise<RawImage> {
  if (typeof picture === "string" || picture instanceof Uint8Array) return decodeImage(picture);
  const { from, ...stored } = picture;
  return decodeImage({ ...stored, read: () => (from instanceof Uint8Array ? Promise.resolve(from) : readStored(from)) });
}
