import type { FloatTensor } from "../engine/tensor/tensor.ts";
import type { Backbone } from "../model/multimodal/backbone.ts";
import type { LoraConfig } from "../model/nn/parameter-source.ts";
import type { PathConfig } from "../model/paths/path-config.ts";
import type { FrozenWeights } from "./frozen-weights.ts";
import type { BatchProcessor } from "./steps/batch-processor.ts";

/** A model in training: its weights are changed in place. */
export interface TrainableModel {
  readonly backbone: Backbone;
  readonly paths: PathConfig;
  readonly lora: LoraConfig | undefined;
  /** By name: all that is trained, and what is not but had to be read or drawn. */
  readonly weights: ReadonlyMap<string, FloatTensor>;
  /** The weights that stay in the base's files; none if not given. */
  readonly frozen?: FrozenWeights;
  readonly processor: BatchProcessor;
}
