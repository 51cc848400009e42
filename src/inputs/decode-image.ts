import { readFile } from "node:fs/promises";
import { ProcessorError, ShapeError } from "../errors/families.ts";
import type { ImageSource, RawImage } from "./embedding-input.ts";
import { resizeBicubic } from "./resize-image.ts";

/** More pixels than this are refused before they are decoded: 100 megapixels, 300 MB of RGB. */
const MOST_PIXELS = 100_000_000;

/**
 * Decodes a picture to RGB: rotated as its EXIF tag says, converted to sRGB, transparency composed on white, the first frame of an animation.
 * Then squashed to a square where a stored picture says so. Formats: PNG, JPEG, WebP, AVIF, GIF, TIFF, SVG. Decoded pixels pass through untouched after their length was checked.
 * @returns [height, width, 3] uint8.
 * @throws {ProcessorError} if the file is missing, empty, no picture, damaged or above 100 megapixels: details `file`, `reason`.
 * @throws {ShapeError} if decoded pixels do not have `width * height * 3` bytes.
 */
export async function decodeImage(source: ImageSource): Promise<RawImage> {
  if (typeof source === "string") return decodeBytes(await readPicture(source), source);
  if (source instanceof Uint8Array) return decodeBytes(source, undefined);
  if ("read" in source) return squashed(await decodeBytes(await source.read(), source.name), source.square);
  return checkRawImage(source);
}

function squashed(image: RawImage, side: number | undefined): RawImage {
  return side === undefined ? image : resizeBicubic(image, { width: side, height: side });
}

async function readPicture(file: string): Promise<Uint8Array> {
  if (/^https?:\/\//i.test(file)) {
    throw pictureError(file, "address", "it is an address, a file was expected; download it first and give its path");
  }
  try {
    return await readFile(file);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
    throw pictureError(file, "unreadable", READ_HINTS[code] ?? `it cannot be read (${code})`, cause);
  }
}

const READ_HINTS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file; check the path, which is relative to the folder the command runs in",
  EISDIR: "it is a folder, a picture was expected; name one of the files in it",
  EACCES: "permission is denied; check the owner and mode of the file",
};

async function decodeBytes(bytes: Uint8Array, file: string | undefined): Promise<RawImage> {
  if (bytes.length === 0) throw pictureError(file, "empty", "it has 0 bytes; replace it or leave its row out");
  const { default: sharp } = await import("sharp"); // only where there is a picture: it takes a while to load
  try {
    const { data, info } = await sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: "error" })
      .autoOrient()
      .flatten({ background: "#ffffff" })
      .toColourspace("srgb")
      .removeAlpha()
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: asRgb(data, info.channels) };
  } catch (cause) {
    throw decodingError(file, cause);
  }
}

/** Repeats the one channel of a grey picture three times; RGB stays as it is. */
function asRgb(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const rgb = new Uint8Array((data.length / channels) * 3);
  for (let pixel = 0; pixel * channels < data.length; pixel++) rgb.fill(data[pixel * channels] as number, pixel * 3, pixel * 3 + 3);
  return rgb;
}

function checkRawImage(image: RawImage): RawImage {
  const { width, height, data } = image;
  const whole = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (whole && data.length === width * height * 3) return image;
  throw new ShapeError({
    message: `decoded pixels do not fit their size: got ${data.length} bytes for ${width} x ${height}, expected width * height * 3 (RGB, uint8)`,
    details: { got: [data.length], expected: [height, width, 3] },
  });
}

function decodingError(file: string | undefined, cause: unknown): ProcessorError {
  const reason = cause instanceof Error ? (cause.message.split("\n")[0] as string) : String(cause);
  if (/pixel limit|too large|exceeds/i.test(reason)) {
    return pictureError(file, "too-large", `it has more than ${MOST_PIXELS / 1e6} megapixels; scale it down first`, cause);
  }
  if (/unsupported image format/i.test(reason)) {
    const hint = "it is not a picture in a known format (PNG, JPEG, WebP, AVIF, GIF, TIFF, SVG); check what the file holds";
    return pictureError(file, "unknown-format", hint, cause);
  }
  return pictureError(file, "damaged", `it is damaged (${reason}); replace it or leave its row out`, cause);
}

function pictureError(file: string | undefined, reason: string, hint: string, cause?: unknown): ProcessorError {
  const name = file ?? "the given bytes";
  return new ProcessorError({ message: `cannot decode the picture ${name}: ${hint}`, details: { file: file ?? null, reason }, cause });
}
