import type { SessionOptions } from "../../engine/runtime/session.ts";
import type { Precision } from "../precision/precision.ts";

/** What sessions of training are opened for. */
export interface StepSessionChoice {
  readonly threads?: number | undefined;
  /** float32 if not given. */
  readonly precision?: Precision | undefined;
}

/**
 * How the sessions of training run: batches differ in shape from step to step, so that memory planned ahead would be held for nothing. Frozen weights are
 * used where they lie in their files: laid out for the kernels, or turned from halves beforehand, there would be a copy of them in each session. What is kept in
 * halves is turned into float32 anew for each use: taken for one, the uses would hold the float32 from the forward to the backward pass.
 */
export function stepSessionOptions({ threads, precision = "float32" }: StepSessionChoice): SessionOptions {
  const plain = { memoryPattern: false, prepacking: false, folding: false, ...(threads === undefined ? {} : { threads }) };
  return precision === "float32" ? plain : { ...plain, keepRecomputation: true };
}
