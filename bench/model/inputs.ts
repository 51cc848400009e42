import sharp from "sharp";
import { queryInstruction, TARGET_IMAGE_INSTRUCTION } from "../../src/data/emoji/tasks/instructions.ts";
import type { EmbeddingInput, RawImage } from "../../src/inputs/embedding-input.ts";
import { RandomStream } from "../../src/random/random-stream.ts";

/** Pixels on each side of a drawing of the emoji corpus, about. */
const SIZE = 64;

/** Drawings of {@link SIZE} pixels a side with the instruction that answers have. */
export function pictureInputs(count: number, seed = 0): EmbeddingInput[] {
  return pictures(count, seed).map((image) => ({ image, instruction: TARGET_IMAGE_INSTRUCTION }));
}

/** The same as the bytes of PNG files. */
export async function pngInputs(count: number): Promise<EmbeddingInput[]> {
  const files = pictures(count, 0).map(({ data, width, height }) =>
    sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  );
  return (await Promise.all(files)).map((image) => ({ image, instruction: TARGET_IMAGE_INSTRUCTION }));
}

/** Texts that look for a drawing, as a search or the text-to-image task has them. @param labels names of emoji. */
export function textInputs(labels: readonly string[], count: number): EmbeddingInput[] {
  const step = Math.floor(labels.length / count);
  const instruction = queryInstruction("text-to-image", { purpose: "evaluation", stream: new RandomStream(0) });
  return Array.from({ length: count }, (_, index) => ({ text: labels[index * step] ?? "", instruction }));
}

/** A coloured disc on white: what a drawing is like for who decodes it; the model takes as long for any picture. */
function pictures(count: number, seed: number): RawImage[] {
  return Array.from({ length: count }, (_, index) => {
    const random = new RandomStream(seed, "picture", index);
    const colour = [random.integer(256), random.integer(256), random.integer(256)];
    const radius = (SIZE / 2) * (0.3 + 0.7 * random.uniform());
    const isInside = (at: number): boolean => Math.hypot((at % SIZE) - SIZE / 2, Math.floor(at / SIZE) - SIZE / 2) < radius;
    const data = Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, at) => (isInside(Math.floor(at / 3)) ? (colour[at % 3] ?? 0) : 255));
    return { width: SIZE, height: SIZE, data };
  });
}
