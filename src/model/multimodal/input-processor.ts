import { boolTensor, intTensor, type TensorOf } from "../../engine/tensor/tensor.ts";
import { ConfigError, present, ProcessorError } from "../../errors/families.ts";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import { decodeImage } from "../../inputs/decode-image.ts";
import {
  fillImageToken,
  imagesOf,
  isVerbatim,
  type EmbeddingInput,
  type ImageSource,
  type PromptInput,
  type RawImage,
  type VerbatimPrompt,
} from "../../inputs/embedding-input.ts";
import type { Tokenizer } from "../formats/tokenizer.ts";
import { positionAxes } from "../nn/decoder-config.ts";
import type { Backbone } from "./backbone.ts";
import type { ImagePreparer } from "./image-preparer.ts";
import { countPositions, type PositionCounter } from "./positions.ts";
import type { TokenBatch } from "./token-batch.ts";
import {
  DEFAULT_PROMPT_TEMPLATE,
  expandImageTokens,
  layOutPrompt,
  tokenizeTemplate,
  type Prompt,
  type PromptTemplate,
  type TokenizedTemplate,
} from "./prompt.ts";

/** A batch of inputs as the model takes it, right-padded. */
export interface ProcessedBatch extends TokenBatch {
  /** Inputs whose text was cut to fit. */
  readonly truncatedCount: number;
}

/** An input and what the model is to answer. */
export interface GenerativeExample {
  readonly input: EmbeddingInput;
  readonly answer: string;
}

/** A batch of prompts with their answers. */
export interface GenerativeBatch extends ProcessedBatch {
  /** [B, T]: whether a token belongs to the answer or closes it, and so is to be predicted from those before it. */
  readonly answerMask: TensorOf<"bool">;
}

export interface ProcessOptions {
  /** Longest prompt; default what the model allows. */
  readonly maxTokens?: number;
}

/** What a processor is made of. */
export interface ProcessorParts {
  readonly backbone: Backbone;
  readonly tokenizer: Tokenizer;
  readonly images: ImagePreparer;
  /** How inputs are laid out, where a model says so; looked at at once. */
  readonly prompts?: PromptTemplate | undefined;
  /** How they are else, looked at when an input is laid out: verbatim prompts do without, and so may a tokenizer. Polyvec's own if not given. */
  readonly usualPrompts?: PromptTemplate | undefined;
  /** How positions are counted; one after another if not given. */
  readonly positions?: PositionCounter | undefined;
}

/** Inputs to tokens, images as the backbone takes them, and positions. */
export class InputProcessor {
  readonly backbone: Backbone;
  readonly tokenizer: Tokenizer;
  readonly images: ImagePreparer;
  readonly prompts: PromptTemplate;
  readonly #positions: PositionCounter;
  #template: TokenizedTemplate | undefined;

  /** @throws {ConfigError} if tokenizer and model do not fit each other, or the prompts are wrong. */
  constructor({ backbone, tokenizer, images, prompts, usualPrompts = DEFAULT_PROMPT_TEMPLATE, positions }: ProcessorParts) {
    checkVocabulary(backbone, tokenizer);
    this.backbone = backbone;
    this.tokenizer = tokenizer;
    this.images = images;
    this.prompts = prompts ?? usualPrompts;
    this.#positions = positions ?? countPositions(positionAxes(backbone.decoder.rotary));
    if (prompts !== undefined) this.#template = tokenizeTemplate(prompts, tokenizer);
  }

  /** The same with other limits of an image's pixels. @throws {ConfigError} if the backbone's are fixed. */
  withPixels(limits: { readonly minPixels: number; readonly maxPixels: number }): InputProcessor {
    const images = this.images.withPixels?.(limits);
    const { backbone, tokenizer, prompts: usualPrompts } = this;
    if (images !== undefined) return new InputProcessor({ backbone, tokenizer, usualPrompts, images, positions: this.#positions });
    const message = `the size of images is fixed in models of type ${this.backbone.modelType}; leave model.imageSize out`;
    throw new ConfigError({ message, details: { field: "model.imageSize", got: limits } });
  }

  /**
   * Inputs to embed: each ends with the token whose hidden state is the embedding. Of verbatim prompts that is their last token, whatever it is;
   * each of their image tokens becomes the tokens that stand for its image.
   * @throws {ProcessorError} naming the input (`input`: its place in the batch) and its file; also if a verbatim prompt has not as many places as
   * images, or is too long, as none is cut.
   */
  async processBatch(inputs: readonly PromptInput[], options: ProcessOptions = {}): Promise<ProcessedBatch> {
    const { batch } = await this.#process(
      inputs.map((input) => ({ input })),
      options,
    );
    return batch;
  }

  /** Inputs with answers, to train generation. @throws {ProcessorError} as {@link processBatch}. */
  async processGenerative(examples: readonly GenerativeExample[], options: ProcessOptions = {}): Promise<GenerativeBatch> {
    const { batch, prompts } = await this.#process(examples, options);
    const [rows, width] = batch.inputIds.shape as [number, number];
    const mask = new Uint8Array(rows * width);
    prompts.forEach(({ ids, answerBegin }, row) => mask.fill(1, row * width + answerBegin, row * width + ids.length));
    return { ...batch, answerMask: boolTensor([rows, width], mask) };
  }

  #expand(input: VerbatimPrompt, { images, maxTokens }: LayOutOptions): Prompt {
    const { imageTokenId } = this.backbone;
    const standIns = images.map((image) => this.images.layout(image).tokens);
    const { prompt, imagePlaceholder } = input;
    const isFilled = imagePlaceholder !== undefined;
    const filled = isFilled && prompt.includes(imagePlaceholder) ? fillImageToken(input, this.#imageToken()) : prompt;
    const written = isFilled ? this.tokenizer.encodeFramed(filled) : this.tokenizer.encode(prompt);
    const ids = expandImageTokens(written, { images: standIns, imageTokenId });
    if (ids.length > 0 && ids.length <= maxTokens) return { ids, answerBegin: ids.length, dropped: 0 };
    const isCuttable = isFilled && ids.length > 0 && !ids.subarray(maxTokens).includes(imageTokenId);
    if (isCuttable) return { ids: ids.slice(0, maxTokens), answerBegin: maxTokens, dropped: ids.length - maxTokens };
    const problem = ids.length === 0 ? "the prompt is empty" : `the prompt has ${ids.length} tokens, at most ${maxTokens} are allowed`;
    throw new ProcessorError({ message: `${problem}; change it, or leave it out`, details: { tokens: ids.length, maxTokens } });
  }

  /** The image token as it is written in a prompt. */
  #imageToken(): string {
    const { imageTokenId } = this.backbone;
    const found = [...this.tokenizer.specialTokens].find(([, id]) => id === imageTokenId)?.[0];
    if (found !== undefined) return found;
    const message = `the tokenizer has no special token ${imageTokenId}, which is the model's image token; use the files of one model folder`;
    throw new ConfigError({ message, details: { field: "added_tokens", got: null, expected: imageTokenId } });
  }

  async #process(
    examples: readonly { readonly input: PromptInput; readonly answer?: string }[],
    { maxTokens = this.backbone.maxPositions }: ProcessOptions,
  ): Promise<{ batch: ProcessedBatch; prompts: readonly Prompt[] }> {
    const images = await Promise.all(examples.map(({ input }, row) => loadImages(input, row)));
    const prompts = examples.map(({ input, answer }, row) =>
      atInput(row, () => {
        const options = { answer, images: images[row] ?? [], maxTokens };
        return isVerbatim(input) ? this.#expand(input, options) : this.#layOut(input, options);
      }),
    );
    return { batch: this.#assemble(prompts, images.flat()), prompts };
  }

  #layOut(input: EmbeddingInput, { answer, images, maxTokens }: LayOutOptions): Prompt {
    const parts = {
      images: images.map((image) => this.images.layout(image).tokens),
      instruction: this.#encode(input.instruction),
      text: this.#encode(input.text),
      answer: answer === undefined ? undefined : this.tokenizer.encodePlain(answer),
    };
    this.#template ??= tokenizeTemplate(this.prompts, this.tokenizer);
    const prompt = layOutPrompt(parts, { template: this.#template, maxTokens });
    if (prompt !== undefined) return prompt;
    const imageTokens = parts.images.reduce((sum, { length }) => sum + length, 0);
    throw new ProcessorError({
      message: `it does not fit into ${maxTokens} tokens, as its images alone need ${imageTokens}${answer === undefined ? "" : " and its answer cannot be cut"}; allow more tokens or lower max_pixels`,
      details: { maxTokens, imageTokens },
    });
  }

  #encode(text: string | undefined): Int32Array | undefined {
    return text === undefined || text === "" ? undefined : this.tokenizer.encodePlain(text);
  }

  /** What prompts are filled up with: anything but what stands for an image. */
  #padding(): number {
    const { padTokenId = -1, imageTokenId, decoder } = this.backbone;
    const isOther = (id: number): boolean => id >= 0 && id < decoder.vocabSize && id !== imageTokenId;
    return present([padTokenId, this.#template?.endToken ?? -1, 0, 1].find(isOther), "a token");
  }

  #assemble(prompts: readonly Prompt[], images: readonly RawImage[]): ProcessedBatch {
    const rows = prompts.map(({ ids }) => ids);
    const width = Math.max(0, ...rows.map((ids) => ids.length));
    const padded = new Int32Array(rows.length * width).fill(this.#padding());
    rows.forEach((ids, row) => padded.set(ids, row * width));
    return {
      inputIds: intTensor([rows.length, width], padded),
      lengths: Int32Array.from(rows, (ids) => ids.length),
      positionIds: this.#positions(rows, width, images),
      images: this.images.toTensors(images),
      truncatedCount: prompts.filter(({ dropped }) => dropped > 0).length,
    };
  }
}

/** @throws {ConfigError} if the tokenizer has more tokens than the model. */
function checkVocabulary({ decoder: { vocabSize } }: Backbone, tokenizer: Tokenizer): void {
  if (tokenizer.vocabSize <= vocabSize) return;
  throw misfit({ field: "the size of the vocabulary", got: tokenizer.vocabSize, expected: vocabSize });
}

/** A property of the tokenizer or image processor, and the model's. */
export interface FitRule {
  readonly field: string;
  readonly got: number | string;
  readonly expected: number | string;
}

/** Checks that tokenizer and image processor belong to a model. @throws {ConfigError} naming the first property that differs. */
export function checkFit(rules: readonly FitRule[]): void {
  const broken = rules.find(({ got, expected }) => got !== expected);
  if (broken !== undefined) throw misfit(broken);
}

function misfit({ field, got, expected }: FitRule): ConfigError {
  const message = `tokenizer or image processor do not belong to the model: ${field} is ${got}, the model has ${expected}; use the files of one model folder`;
  return new ConfigError({ message, details: { field, got, expected } });
}

interface LayOutOptions {
  readonly answer: string | undefined;
  readonly images: readonly RawImage[];
  readonly maxTokens: number;
}

async function loadImages(input: PromptInput, row: number): Promise<RawImage[]> {
  if (!isVerbatim(input) && input.image === undefined && !input.text && !input.instruction) {
    throw new ProcessorError({
      message: `input ${row} is empty: it has neither image nor text nor instruction; give it at least one or leave it out`,
      details: { input: row },
    });
  }
  return decodeAll(row, imagesOf(input));
}

async function decodeAll(row: number, sources: readonly ImageSource[]): Promise<RawImage[]> {
  return Promise.all(sources.map(decodeImage)).catch((error: unknown) => {
    throw nameInput(row, error);
  });
}

function atInput<T>(row: number, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw nameInput(row, error);
  }
}

/** An error about one input, with the input's place in the batch. */
function nameInput(row: number, error: unknown): unknown {
  if (!PolyvecError.isInstance(error)) return error;
  return new ProcessorError({ message: `input ${row}: ${error.message}`, details: { ...error.details, input: row }, cause: error });
}
