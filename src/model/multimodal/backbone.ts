import type { Value } from "../../engine/graph/value.ts";
import type { DecoderConfig } from "../nn/decoder-config.ts";
import type { ParameterSource } from "../nn/parameter-source.ts";
import type { RecomputeOptions } from "../nn/recomputed-layers.ts";
import type { VisionMode } from "./token-batch.ts";

/**
 * An architecture with its configuration, as the rest of Polyvec sees it: one folder in `backbones/` makes each. What all have in common, a causal
 * decoder over tokens some of which are image features, is in this part.
 */
export interface Backbone {
  /** `model_type` of its `config.json`: `qwen2_vl`. */
  readonly modelType: string;
  readonly decoder: DecoderConfig;
  /** Id of the token that stands for a part of an image. */
  readonly imageTokenId: number;
  /** What prompts are filled up with. */
  readonly padTokenId: number | undefined;
  /** The longest prompt, in tokens. */
  readonly maxPositions: number;
  readonly vision: VisionSummary;
  /** Beginnings of the names of the weights that see: tower and projector. */
  readonly visionPrefixes: readonly string[];
  readonly checkpoint: CheckpointLayout;
  /** Declares a batch's images as graph inputs and encodes each once. */
  encodeImages(parameters: ParameterSource, options: EncodeImagesOptions): ImageFeatures;
  /** The `config.json` that `transformers` loads. */
  toHuggingFaceConfig(): Readonly<Record<string, unknown>>;
}

/** What the configuration of any model tells of prompts and of its vision tower. */
export interface ConfigSummary {
  readonly imageTokenId: number;
  readonly padTokenId?: number;
  readonly maxPositions: number;
  readonly vision: { readonly depth: number; readonly patchSize: number };
}

/** The parts of a backbone that stand in its configuration as they are. @param width of the tower's hidden states. */
export function summaryOf(
  { imageTokenId, padTokenId, maxPositions, vision }: ConfigSummary,
  width: number,
): Pick<Backbone, "imageTokenId" | "padTokenId" | "maxPositions" | "vision"> {
  return { imageTokenId, padTokenId, maxPositions, vision: { layerCount: vision.depth, width, patchSize: vision.patchSize } };
}

/** The vision tower in numbers. */
export interface VisionSummary {
  readonly layerCount: number;
  /** Width of its hidden states. */
  readonly width: number;
  /** Pixels on a side. */
  readonly patchSize: number;
}

/** How images are encoded. */
export interface EncodeImagesOptions extends RecomputeOptions {
  readonly vision: Exclude<VisionMode, "none">;
  /** Put before the names of inputs and symbols. */
  readonly inputPrefix: string;
}

/** What images become inside a graph. */
export interface ImageFeatures {
  /** [rows, hidden] float32: what takes the place of image tokens. */
  readonly features: Value;
  /** [rows, hidden] float32 each: what is added at the image tokens after the first decoder layers (deepstack of Qwen3-VL). */
  readonly deep?: readonly Value[];
}

/** How a backbone's checkpoints differ from its graph. */
export interface CheckpointLayout {
  /** Beginnings of names in other versions of the checkpoint, and what the graph calls them. */
  readonly renamed: readonly (readonly [stored: string, graph: string])[];
  /** The beginning of names that PEFT gives to the layers of the newest `transformers`, for each of the graph's. */
  readonly adapterNames: readonly (readonly [graph: string, adapter: string])[];
  /** Shapes of weights that are stored in another one; the order of the numbers is the same. */
  readonly storedShapes: ReadonlyMap<string, readonly number[]>;
  /** Beginnings of the names, as graphs would have them, of weights that no graph needs though the checkpoint, and adapters to it, hold them. */
  readonly unused?: readonly string[];
}
