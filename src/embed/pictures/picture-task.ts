import { decodeImage } from "../../inputs/decode-image.ts";
import type { ImageSource, RawImage } from "../../inputs/embedding-input.ts";
import { fitImage, type ImageFitting } from "../../model/multimodal/image-fitting.ts";

/** An encoded picture to be decoded and fitted, as it is sent to another thread. */
export interface PictureTask {
  /** Its file, or its bytes and what it is called. */
  readonly picture: string | { readonly bytes: Uint8Array; readonly name: string | undefined };
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
  if (typeof source === "string") return { picture: source, fitting };
  if (source instanceof Uint8Array) return { picture: { bytes: source, name: undefined }, fitting };
  return { picture: { bytes: await source.read(), name: source.name }, fitting };
}

/** Bytes that a task holds in memory. */
export function taskBytes({ picture }: PictureTask): number {
  return typeof picture === "string" ? 0 : picture.bytes.byteLength;
}

/** Decodes a picture and brings it to the size that a model takes. @throws as `decodeImage`, `fitImage`. */
export async function runPictureTask({ picture, fitting }: PictureTask): Promise<RawImage> {
  return fitImage(await decodePicture(picture), fitting);
}

/** Decodes the picture of a task. @throws as `decodeImage`. */
export async function decodePicture(picture: PictureTask["picture"]): Promise<RawImage> {
  if (typeof picture === "string") return decodeImage(picture);
  const { bytes, name } = picture;
  return decodeImage(name === undefined ? bytes : { name, read: () => Promise.resolve(bytes) });
}
