/** The sizes that images are brought to before the model's own image processor sees them. */
export const RESOLUTIONS = ["native", "high", "mid", "low"] as const;
/** `native`: as they are; the others: squashed to the reference's square. */
export type Resolution = (typeof RESOLUTIONS)[number];

/** Pixels on each side. @source VLM2Vec, src/data/eval_dataset/base_eval_dataset.py, `RESOLUTION_MAPPING`. */
const SIDES: Readonly<Record<Exclude<Resolution, "native">, number>> = { high: 1344, mid: 672, low: 128 };

/** What an image at a resolution is told beside where it lies: the square that Pillow's bicubic filter brings it to, or nothing. */
export function squareOf(resolution: Resolution): { readonly square?: number } {
  return resolution === "native" ? {} : { square: SIDES[resolution] };
}
