import type { SessionOptions } from "../../engine/runtime/session.ts";

/**
 * How the sessions of training run: batches differ in shape from step to step, so that memory planned ahead would be held for nothing. Frozen weights are
 * used where they lie in their files: laid out for the kernels, or turned from halves beforehand, there would be a copy of them in each session.
 */
export function stepSessionOptions(threads: number | undefined): SessionOptions {
  return { memoryPattern: false, prepacking: false, folding: false, ...(threads === undefined ? {} : { threads }) };
}
