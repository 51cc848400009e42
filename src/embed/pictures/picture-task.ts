import { decodeImage } from "../../inputs/decode-image.ts";
import type { ImageSource, RawImage, StoredImage } from "../../inputs/embedding-input.ts";
import { fitImage, type ImageFitting } from "../../model/multimodal/image-fitting.ts";

/** An encoded picture to be decoded and fitted, as it is sent to another thread. */
export interface PictureTask {
  /** Its file; its bytes; or the bytes of a stored one. */
  readonly picture: string | Uint8Array | ({ readonly bytes: Uint8Array } & Omit<StoredImage, "read">);
  readonly fitting: ImageFitting;
}

/** A picture that has to be decoded. */
export type EncodedSource = Exclude<ImageSource, RawImage>;

/** Whether a picture has to be decoded. */
export function isEncoded(source: ImageSource): source is EncodedSource {
  return typeof source === "string" || source instanceof Uint8Array || "read" in source;
}

/** What is to be done with a picture; one that lies in an archive is read. @throws as reading it. */
export async function pictureTask(source: EncodedSource, fitting: ImageFitting): Promise<PictureTask> {
  if (typeof source === "string" || source instanceof Uint8Array) return { picture: source, fitting };
  const { read, ...stored } = source;
  return { picture: { bytes: await read(), ...stored }, fitting };
}

/** Bytes that a task holds in memory. */
export function taskBytes({ picture }: PictureTask): number {
  if (typeof picture === "string") return 0;
  return picture instanceof Uint8Array ? picture.byteLength : picture.bytes.byteLength;
}

/** Decodes a picture and brings it to the size that a model takes. @throws as `decodeImage`, `fitImage`. */
export async function runPictureTask({ picture, fitting }: PictureTask): Promise<RawImage> {
  return fitImage(await decodePicture(picture), fitting);
}

/** Decodes the picture of a task. @throws as `decodeImage`. */
export async function decodePicture(picture: PictureTask["picture"]): Promise<RawImage> {
  if (typeof picture === "string" || picture instanceof Uint8Array) return decodeImage(picture);
  const { bytes, ...stored } = picture;
  return decodeImage({ ...stored, read: () => Promise.resolve(bytes) });
}
