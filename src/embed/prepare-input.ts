import { ProcessorError } from "../errors/families.ts";
import { PolyvecError } from "../errors/polyvec-error.ts";
import { imagesOf, isVerbatim, type PromptInput, type RawImage } from "../inputs/embedding-input.ts";
import type { ImageLayout } from "../model/multimodal/image-preparer.ts";
import type { InputProcessor } from "../model/multimodal/input-processor.ts";
import type { PicturePreparer } from "./pictures/picture-preparer.ts";
import type { InputSize } from "./plan-batches.ts";

/** An input whose images are decoded and as large as the model takes them. */
export interface PreparedInput {
  readonly input: PromptInput;
  /** Bytes of its pixels. */
  readonly bytes: number;
  /** The number of tokens of text is a guess: it only decides which inputs are batched together. */
  readonly size: InputSize;
}

/** What inputs are prepared with. */
export interface PreparingTools {
  readonly images: InputProcessor["images"];
  readonly pictures: PicturePreparer;
  /** Fires when the input is not wanted any more. */
  readonly signal?: AbortSignal | undefined;
}

/** Decodes and resizes an input's images. @throws {ProcessorError} naming the input and the file: details `input`, `file`. */
export async function prepareInput(
  input: PromptInput,
  index: number,
  { images, pictures, signal }: PreparingTools,
): Promise<PreparedInput> {
  const textTokens = Math.ceil(textLength(input) / CHARACTERS_PER_TOKEN);
  try {
    const fitted = await Promise.all(imagesOf(input).map((source) => pictures.prepare(source, images.fitting, signal)));
    const layouts = fitted.map((image) => images.layout(image));
    const imageTokens = layouts.reduce((sum, { tokens }) => sum + tokens.length, 0);
    return {
      input: withImages(input, fitted),
      bytes: fitted.reduce((sum, { data }) => sum + data.byteLength, 0),
      size: { tokens: textTokens + imageTokens, grid: gridOf(layouts) },
    };
  } catch (error) {
    throw nameInput(error, index);
  }
}

const CHARACTERS_PER_TOKEN = 4;

function textLength(input: PromptInput): number {
  return isVerbatim(input) ? input.prompt.length : (input.text?.length ?? 0) + (input.instruction?.length ?? 0);
}

function withImages(input: PromptInput, images: readonly RawImage[]): PromptInput {
  if (isVerbatim(input)) return { ...input, images };
  const { image: _, ...words } = input;
  const [image] = images;
  return image === undefined ? words : { ...words, image };
}

/** The grid of an input's image; of several, one of as many patches. */
function gridOf(layouts: readonly ImageLayout[]): InputSize["grid"] {
  if (layouts.length < 2) return layouts[0]?.grid;
  return { rows: 1, columns: layouts.reduce((sum, { grid }) => sum + grid.rows * grid.columns, 0) };
}

/** An error about one input, with the input's place among all. */
export function nameInput(error: unknown, index: number): Error {
  if (!PolyvecError.isInstance(error)) return error instanceof Error ? error : new Error(String(error), { cause: error });
  const message = `input ${index}: ${error.message.replace(/^input \d+(: | )/, "")}`;
  return new ProcessorError({ message, details: { ...error.details, input: index }, cause: error });
}
