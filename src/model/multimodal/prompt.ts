import { ConfigError, ProcessorError } from "../../errors/families.ts";
import type { Tokenizer } from "../formats/tokenizer.ts";

/**
 * How an input is laid out as text, always in the order image, instruction, text, end. Each field is used only if the input has the part;
 * special tokens may stand around the placeholder, which must occur once.
 */
export interface PromptTemplate {
  /** Around `{image}`, which becomes the tokens that stand for the image. */
  readonly image: string;
  /** Around `{instruction}`. */
  readonly instruction: string;
  /** Around `{text}`. */
  readonly text: string;
  /** One token: the hidden state of it, the last one, is the embedding. */
  readonly end: string;
  /** Around `{answer}`: what a generative example has in place of `end`. */
  readonly answer: string;
}

/** The layout of models that Polyvec trains from scratch. */
export const DEFAULT_PROMPT_TEMPLATE: PromptTemplate = {
  image: "<|vision_start|>{image}<|vision_end|>",
  instruction: "{instruction}\n",
  text: "{text}",
  end: "<|endoftext|>",
  answer: "<|im_start|>{answer}<|im_end|>",
};

/** The token ids before and after a placeholder. */
export interface Frame {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** A prompt template as token ids. */
export interface TokenizedTemplate {
  readonly image: Frame;
  readonly instruction: Frame;
  readonly text: Frame;
  readonly answer: Frame;
  readonly endToken: number;
}

/** Turns a template into token ids. @throws {ConfigError} if a placeholder is missing or `end` is not one token. */
export function tokenizeTemplate(template: PromptTemplate, tokenizer: Tokenizer): TokenizedTemplate {
  const frame = (part: Exclude<keyof PromptTemplate, "end">): Frame => {
    const pieces = template[part].split(`{${part}}`);
    if (pieces.length !== 2) throw templateError(part, template[part], `text with {${part}} once`);
    const [before = "", after = ""] = pieces;
    return { before: [...tokenizer.encode(before)], after: [...tokenizer.encode(after)] };
  };
  const [endToken, ...more] = tokenizer.encode(template.end);
  if (endToken === undefined || more.length > 0) throw templateError("end", template.end, "one token, such as <|endoftext|>");
  return { image: frame("image"), instruction: frame("instruction"), text: frame("text"), answer: frame("answer"), endToken };
}

function templateError(part: string, got: string, expected: string): ConfigError {
  const field = `prompts.${part}`;
  return new ConfigError({
    message: `${field} is ${JSON.stringify(got)}, expected ${expected}; correct it`,
    details: { field, got, expected },
  });
}

/** The parts of a prompt that belong to one input. */
export interface PromptParts {
  /** The ids that stand for each image. */
  readonly images: readonly (readonly number[])[];
  readonly instruction?: ArrayLike<number> | undefined;
  readonly text?: ArrayLike<number> | undefined;
  /** Given for a generative example, in place of the end token. */
  readonly answer?: ArrayLike<number> | undefined;
}

/** A prompt of token ids. */
export interface Prompt {
  readonly ids: Int32Array;
  /** Where the answer and what follows it begins; the length if there is none. */
  readonly answerBegin: number;
  /** Tokens of text and instruction that were left out. */
  readonly dropped: number;
}

/**
 * Puts the ids that stand for each image in the place of its token.
 * @throws {ProcessorError} if there are more or fewer image tokens than images.
 */
export function expandImageTokens(
  ids: ArrayLike<number>,
  { images, imageTokenId }: { images: readonly (readonly number[])[]; imageTokenId: number },
): Int32Array {
  const places = Array.from(ids).filter((id) => id === imageTokenId).length;
  if (places !== images.length) {
    throw new ProcessorError({
      message: `the prompt has ${places} image tokens and ${images.length} images; give it one for each`,
      details: { places, images: images.length },
    });
  }
  let image = 0;
  return Int32Array.from(Array.from(ids).flatMap((id) => (id === imageTokenId ? (images[image++] as readonly number[]) : [id])));
}

/** A span of a prompt: tokens that must stay, or tokens that may be cut from their end. */
interface Span {
  readonly ids: readonly number[];
  readonly isCuttable: boolean;
}

/**
 * Lays out one prompt. If it is longer than `maxTokens` the text is cut from its end, then the instruction; images, answer and end stay
 * whole. @returns undefined if even that is too long.
 */
export function layOutPrompt(
  parts: PromptParts,
  { template, maxTokens }: { template: TokenizedTemplate; maxTokens: number },
): Prompt | undefined {
  const fixed = (ids: readonly number[]): Span => ({ ids, isCuttable: false });
  const cuttable = (ids: ArrayLike<number>): Span => ({ ids: Array.from(ids), isCuttable: true });
  const framed = (frame: Frame, middle: Span): Span[] => [fixed(frame.before), middle, fixed(frame.after)];
  const question: Span[] = [
    ...parts.images.flatMap((ids) => framed(template.image, fixed(ids))),
    ...(parts.instruction === undefined ? [] : framed(template.instruction, cuttable(parts.instruction))),
    ...(parts.text === undefined ? [] : framed(template.text, cuttable(parts.text))),
  ];
  const ending =
    parts.answer === undefined ? [template.endToken] : [...template.answer.before, ...Array.from(parts.answer), ...template.answer.after];
  const kept = cutSpans(question, maxTokens - ending.length);
  if (kept === undefined) return undefined;
  const body = kept.flatMap(({ ids }) => ids);
  const answerBegin = body.length + (parts.answer === undefined ? ending.length : template.answer.before.length);
  return { ids: Int32Array.from([...body, ...ending]), answerBegin, dropped: lengthOf(question) - body.length };
}

/** Cuts spans from the last one on until they fit. */
function cutSpans(spans: readonly Span[], limit: number): Span[] | undefined {
  let excess = lengthOf(spans) - limit;
  const kept = spans.toReversed().map((span) => {
    const cut = span.isCuttable ? Math.min(Math.max(excess, 0), span.ids.length) : 0;
    excess -= cut;
    return cut === 0 ? span : { ...span, ids: span.ids.slice(0, span.ids.length - cut) };
  });
  return excess > 0 ? undefined : kept.reverse();
}

function lengthOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { ids }) => sum + ids.length, 0);
}
