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

/** What the processor of a backbone is made of. @typeParam Images the settings of its image processor. */
export interface BackboneProcessorParts<Images> {
  readonly tokenizer: Tokenizer;
  readonly imageProcessor: Images;
  /** The backbone's usual ones if not given. */
  readonly prompts?: PromptTemplate | undefined;
}

/** What a kind of backbone is made of. */
export interface BackboneKindParts<Config, Images> {
  readonly modelType: string;
  readonly parseConfig: (value: unknown, source: { readonly file: string }) => Config;
  readonly toBackbone: (config: Config) => Backbone;
  readonly parsePreprocessor: (value: unknown, source: { readonly file: string }, config: Config) => Images;
  readonly toProcessor: (config: Config, parts: BackboneProcessorParts<Images>) => InputProcessor;
}

/** A kind of backbone from how its files are read and what is made of them. */
export function backboneKind<Config, Images>(kind: BackboneKindParts<Config, Images>): BackboneKind {
  return {
    modelType: kind.modelType,
    parse(value, source) {
      const config = kind.parseConfig(value, source);
      return {
        backbone: kind.toBackbone(config),
        makeProcessor({ tokenizer, preprocessor, file, prompts }) {
          const imageProcessor = kind.parsePreprocessor(preprocessor, { file }, config);
          return kind.toProcessor(config, { tokenizer, imageProcessor, prompts });
        },
      };
    },
  };
}
