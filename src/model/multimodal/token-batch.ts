import type { IntTensor, Tensor } from "../../engine/tensor/tensor.ts";

/** Whether a batch has images: none, all of one size, or of several sizes (padded and masked). */
export type VisionMode = "none" | "uniform" | "ragged";

/** A batch as a processor makes it. */
export interface TokenBatch {
  /** [B, T] int32, padded on the right. */
  readonly inputIds: IntTensor;
  /** [B] number of real tokens. */
  readonly lengths: Int32Array;
  /** [axes, B, T] int32; the axes are 1, or 3 with multimodal rotary embedding: temporal, height and width. */
  readonly positionIds: IntTensor;
  /** All images of the batch. */
  readonly images?: ImageTensors | undefined;
}

/** The images of a batch as the backbone's graph takes them. */
export interface ImageTensors {
  readonly mode: Exclude<VisionMode, "none">;
  /** Graph inputs by name. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** For each image token of the batch, in order, the row of the image features that stands in its place. */
  readonly featureRows: Int32Array;
}

/** Which graph a batch needs. */
export function visionModeOf({ images }: TokenBatch): VisionMode {
  return images?.mode ?? "none";
}
