import type { Tensor } from "../../engine/tensor/tensor.ts";

/** All that a run needs to go on after a step as if it had not stopped. Random numbers and data depend on the step alone. */
export interface Checkpoint {
  /** Steps done. */
  readonly step: number;
  /** The trained weights. */
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly optimizer: ReadonlyMap<string, Tensor>;
  /** Of the mutual information estimator; empty without one. */
  readonly estimator: ReadonlyMap<string, Tensor>;
  /** Of the loss scale; not there without one. */
  readonly scaler?: ReadonlyMap<string, Tensor>;
  /** Where the run's other files stood, e.g. the length of `metrics.jsonl` in bytes: what lies beyond is cut off on resuming. */
  readonly position: Readonly<Record<string, number>>;
}

/** The parts of a checkpoint that are files of tensors, `<part>.safetensors` in float32. */
export const PARTS = ["weights", "optimizer", "estimator"] as const;
/** A part that only runs with a loss scale have. */
export const SCALER_PART = "scaler";
export type CheckpointPart = (typeof PARTS)[number] | typeof SCALER_PART;

/** Name of a part's file. */
export function partFile(part: CheckpointPart): string {
  return `${part}.safetensors`;
}

/** The file that tells what a checkpoint's folder must hold; written last. */
export const MANIFEST = "checkpoint.json";

/** `step-000123` */
export function folderName(step: number): string {
  return `step-${String(step).padStart(6, "0")}`;
}

/** The step of a checkpoint folder's name; undefined for other names. */
export function stepOfFolder(name: string): number | undefined {
  const digits = /^step-(\d{6,})$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
