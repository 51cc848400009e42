import type { SessionOptions } from "../../engine/runtime/session.ts";

/**
 * How the sessions of training run: batches differ in shape from step to step, so that memory planned ahead would be held for nothing. Frozen weights are
 * used where they lie in their files: laid out for the kernels, there would be a copy of them in each session, and other roundings.
 */
export function stepSessionOptions(threads: number | undefined): SessionOptions {
  return { memoryPattern: false, prepacking: false, ...(threads === undefined ? {} : { threads }) };
}
