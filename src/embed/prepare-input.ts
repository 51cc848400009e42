import { ProcessorError } from "../errors/families.ts";
import { PolyvecError } from "../errors/polyvec-error.ts";
import { decodeImage } from "../inputs/decode-image.ts";
import type { EmbeddingInput, RawImage } from "../inputs/embedding-input.ts";
import type { InputProcessor } from "../model/multimodal/input-processor.ts";
import type { InputSize } from "./plan-batches.ts";

/** An input whose image is decoded and as large as the model takes it. */
export interface PreparedInput {
  readonly input: EmbeddingInput & { readonly image?: RawImage };
  /** The number of tokens of text is a guess: it only decides which inputs are batched together. */
  readonly size: InputSize;
}

/** Decodes and resizes an input's image. @throws {ProcessorError} naming the input and the file: details `input`, `file`. */
export async function prepareInput(input: EmbeddingInput, index: number, { images }: InputProcessor): Promise<PreparedInput> {
  const { image: source, ...words } = input;
  const textTokens = Math.ceil(((input.text?.length ?? 0) + (input.instruction?.length ?? 0)) / CHARACTERS_PER_TOKEN);
  if (source === undefined) return { input: words, size: { tokens: textTokens } };
  try {
    const image = images.fit(await decodeImage(source));
    const { tokens, grid } = images.layout(image);
    return { input: { ...words, image }, size: { tokens: textTokens + tokens.length, grid } };
  } catch (error) {
    throw nameInput(error, index);
  }
}

const CHARACTERS_PER_TOKEN = 4;

/** Bytes of a prepared input's pixels. */
export function preparedBytes({ input }: PreparedInput): number {
  return input.image?.data.byteLength ?? 0;
}

/** An error about one input, with the input's place among all. */
export function nameInput(error: unknown, index: number): Error {
  if (!PolyvecError.isInstance(error)) return error instanceof Error ? error : new Error(String(error), { cause: error });
  const message = `input ${index}: ${error.message.replace(/^input \d+(: | )/, "")}`;
  return new ProcessorError({ message, details: { ...error.details, input: index }, cause: error });
}
