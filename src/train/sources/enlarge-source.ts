import type { ImageSource, PromptInput } from "../../inputs/embedding-input.ts";
import { resizeBicubic } from "../../inputs/resize-image.ts";
import { RandomStream } from "../../random/random-stream.ts";
import type { BatchSource, TrainingBatch } from "../batch-source.ts";

/** Which batches are enlarged. */
export interface Enlarging {
  readonly seed: number;
  /** Share of the batches, 0 to 1. */
  readonly share: number;
  /** Pixels on each side of a drawing; larger pictures stay as they are. */
  readonly size: number;
}

const FACTORS = [1.5, 2] as const;

/** A source some of whose batches show their drawings larger, all of a batch by one factor; which ones depends on the seed and the step alone. */
export function enlargeSource(source: BatchSource, { seed, share, size }: Enlarging): BatchSource {
  if (share === 0) return source;
  return {
    async batch(step) {
      const stream = new RandomStream(seed, "enlarge", step);
      const batch = await source.batch(step);
      return stream.uniform() < share ? enlargeBatch(batch, size, size * stream.pick(FACTORS)) : batch;
    },
  };
}

function enlargeBatch(batch: TrainingBatch, from: number, to: number): TrainingBatch {
  const enlarged = <Input extends PromptInput>(input: Input): Input =>
    "image" in input && input.image !== undefined ? { ...input, image: enlargeDrawing(input.image, from, to) } : input;
  if (batch.kind === "language")
    return { ...batch, examples: batch.examples.map(({ input, answer }) => ({ input: enlarged(input), answer })) };
  return { ...batch, queries: batch.queries.map(enlarged), targets: batch.targets.map(enlarged) };
}

/** A drawing is enlarged; a canvas, or a picture that is not decoded yet, stays. */
function enlargeDrawing(image: ImageSource, from: number, to: number): ImageSource {
  const isDrawing = typeof image === "object" && "data" in image && image.width === from && image.height === from;
  return isDrawing ? resizeBicubic(image, { width: to, height: to }) : image;
}
