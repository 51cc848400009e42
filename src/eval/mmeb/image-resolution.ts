import { decodeImage } from "../../inputs/decode-image.ts";
import type { ImageSource } from "../../inputs/embedding-input.ts";
import { resizeBicubic } from "../../inputs/resize-image.ts";

/** The sizes that images are brought to before the model's own image processor sees them. */
export const RESOLUTIONS = ["native", "high", "mid", "low"] as const;
/** `native`: as they are; the others: squashed to the reference's square. */
export type Resolution = (typeof RESOLUTIONS)[number];

/** Pixels on each side. @source VLM2Vec, src/data/eval_dataset/base_eval_dataset.py, `RESOLUTION_MAPPING`. */
const SIDES: Readonly<Record<Exclude<Resolution, "native">, number>> = { high: 1344, mid: 672, low: 128 };

/** An image at a resolution: decoded and resized as Pillow's bicubic filter does, or as it is. @throws {ProcessorError} if it cannot be decoded. */
export async function atResolution(image: Uint8Array, resolution: Resolution): Promise<ImageSource> {
  if (resolution === "native") return image;
  const side = SIDES[resolution];
  return resizeBicubic(await decodeImage(image), { width: side, height: side });
}
