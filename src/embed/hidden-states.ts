import type { ProcessedBatch } from "../model/multimodal/input-processor.ts";
import type { EmbedOptions } from "./embed-options.ts";

/** What the backbone makes of one input, token by token. */
export interface HiddenStates {
  /** [T] int32, image tokens expanded. */
  readonly inputIds: Int32Array;
  /** [T, hidden] float32, after the final norm; not normalised to unit length. */
  readonly hidden: Float32Array;
}

/** How hidden states are made. */
export type HiddenStatesOptions = Pick<EmbedOptions, "batchSize" | "signal" | "onProgress">;

/** The hidden states of a batch, `[B, T, hidden]`, input by input, without padding. */
export function hiddenRows({ inputIds, lengths }: Pick<ProcessedBatch, "inputIds" | "lengths">, hidden: Float32Array): HiddenStates[] {
  const [rows, tokens] = inputIds.shape as [number, number];
  const width = hidden.length / (rows * tokens);
  return Array.from(lengths, (length, row) => ({
    inputIds: inputIds.data.slice(row * tokens, row * tokens + length),
    hidden: hidden.slice(row * tokens * width, (row * tokens + length) * width),
  }));
}
