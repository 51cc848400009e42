import type { FloatTensor } from "../engine/tensor/tensor.ts";
import type { Backbone } from "../model/multimodal/backbone.ts";
import type { LoraConfig } from "../model/nn/parameter-source.ts";
import type { PathConfig } from "../model/paths/path-config.ts";
import type { BatchProcessor } from "./steps/batch-processor.ts";

/** A model in training: its weights are changed in place. */
export interface TrainableModel {
  readonly backbone: Backbone;
  readonly paths: PathConfig;
  readonly lora: LoraConfig | undefined;
  /** All weights by name, frozen ones too. */
  readonly weights: ReadonlyMap<string, FloatTensor>;
  readonly processor: BatchProcessor;
}
