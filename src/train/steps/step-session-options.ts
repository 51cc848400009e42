import type { SessionOptions } from "../../engine/runtime/session.ts";

/** How the sessions of training run: batches differ in shape from step to step, so that memory planned ahead would be held for nothing. */
export function stepSessionOptions(threads: number | undefined): SessionOptions {
  return { memoryPattern: false, ...(threads === undefined ? {} : { threads }) };
}
