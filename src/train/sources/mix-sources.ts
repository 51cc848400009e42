import { RandomStream } from "../../random/random-stream.ts";
import type { BatchSource } from "../batch-source.ts";

/** How two sources are mixed. */
export interface Mixing {
  readonly seed: number;
  /** Share of the steps that are the second source's, 0 to 1. */
  readonly share: number;
}

/** Two sources as one: each step is the one's or the other's by chance, depending on the seed and the step alone. */
export function mixSources({ seed, share }: Mixing, first: BatchSource, second: BatchSource): BatchSource {
  return { batch: (step) => (new RandomStream(seed, "source", step).uniform() < share ? second : first).batch(step) };
}
