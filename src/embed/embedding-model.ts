import type { ExternalData } from "../engine/graph/operations.ts";
import type { FloatTensor } from "../engine/tensor/tensor.ts";
import type { ChatTemplate } from "../model/formats/chat-template.ts";
import type { InputProcessor } from "../model/multimodal/input-processor.ts";
import type { QuantizedWeight } from "../model/folder/model-weights.ts";
import type { PolyvecConfig } from "../model/folder/polyvec-config.ts";
import type { LoraConfig } from "../model/nn/parameter-source.ts";

/** A model as the embedder uses it: from a folder, or from the memory of a training run. */
export interface EmbeddingModel {
  /** What to call it in messages: its folder, or its name. */
  readonly name: string;
  readonly polyvec: PolyvecConfig;
  /** Turns inputs into tokens and patches; it also holds the backbone's configuration. */
  readonly processor: InputProcessor;
  /** Lays out chats; undefined if the model has no template for them. */
  readonly chatTemplate?: ChatTemplate | undefined;
  readonly lora?: LoraConfig | undefined;
  /** Gives a weight by its name in graphs; called again whenever a graph of another kind is made. */
  readonly readWeight: (name: string) => Promise<FloatTensor>;
  /** Where a weight lies if its bytes can be used as they are, so that it need not be read; undefined if it has to be. */
  readonly locateWeight?: (name: string) => ExternalData | undefined;
  /** Where a weight lies if it is held in signed bytes that the graph can compute with. */
  readonly quantizedWeight?: (name: string) => Promise<QuantizedWeight | undefined>;
  /** A name for what the model computes, for caches of its embeddings; without it there are none. */
  readonly fingerprint?: () => Promise<string>;
  /** Lets go of what `readWeight` reads from. */
  readonly close?: () => Promise<void>;
}
