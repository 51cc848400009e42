import type { Tokenizer } from "../formats/tokenizer.ts";
import type { Backbone } from "./backbone.ts";
import type { InputProcessor } from "./input-processor.ts";
import type { PromptTemplate } from "./prompt.ts";

/** A kind of backbone: what `backbones/<name>/` offers. */
export interface BackboneKind {
  /** `model_type` of its `config.json`. */
  readonly modelType: string;
  /** Reads a `config.json`. @throws {ConfigError} naming file, field, what is there and what was expected. */
  parse(config: unknown, source: { readonly file: string }): ParsedBackbone;
}

/** A backbone, and how its inputs are made. */
export interface ParsedBackbone {
  readonly backbone: Backbone;
  /** @throws {ConfigError} if the settings are wrong, or tokenizer and settings do not belong to the model. */
  makeProcessor(parts: ProcessorSettings): InputProcessor;
}

/** What a processor is made from. */
export interface ProcessorSettings {
  readonly tokenizer: Tokenizer;
  /** The content of `preprocessor_config.json`. */
  readonly preprocessor: unknown;
  /** Its name, for messages. */
  readonly file: string;
  /** The backbone's usual ones if not given. */
  readonly prompts?: PromptTemplate | undefined;
}
