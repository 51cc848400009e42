import { IMAGE_PLACEHOLDER } from "../../inputs/embedding-input.ts";
import type { TextLayout } from "./datasets.ts";

/** One side of a row: a query, or one candidate. */
export interface MmebSide {
  readonly text: string;
  /** Whether there is an image. */
  readonly hasImage: boolean;
  /** Of the set whose instructions are in columns of their own; undefined for v1, whose texts hold them. */
  readonly instruction?: string | undefined;
}

/** What the rules need to know of a row. */
export interface RuleContext {
  readonly dataset: string;
  readonly layout: TextLayout;
  /** Whether the row's first candidate has a text: the reference then takes all of the row's for captions. */
  readonly hasCaptions?: boolean;
}

/**
 * The text of a query as the reference gives it to a model, with {@link IMAGE_PLACEHOLDER} in the image's place.
 * - v1 columns: as it stands.
 * - instructions in columns: `<image> instruction text`, then every `" \n"` becomes `"\n"` and one `"\n"` is appended; instructions of questions and
 *   of image-to-image are stripped and begin with `"\n"`; text-to-image has no image token, and VisDial one `"\n"` more.
 * @source VLM2Vec, src/data/eval_dataset/image_{cls,i2t,qa,t2i,i2i_vg}*.py; v1: src/dataset.py.
 */
export function queryPrompt({ text, hasImage, instruction }: MmebSide, { dataset, layout }: RuleContext): string {
  if (instruction === undefined) return placeImage(text, hasImage);
  if (layout === "text-to-image") return placeImage(`${instruction} ${text}\n${dataset === "VisDial" ? "\n" : ""}`, hasImage);
  const bare = instruction.replaceAll(IMAGE_PLACEHOLDER, "");
  const asked = layout === "image-to-label" ? bare : `\n${bare.trim()}`;
  return `${joinLines(withImage(text === "" ? asked : `${asked} ${text}`, hasImage))}\n`;
}

/**
 * The text of a candidate as the reference gives it to a model. Texts are taken as they are; images carry the image token, the instruction and,
 * where the row's candidates have them, the caption. The last `"\n"` is missing only in image-to-image without captions.
 * @source as {@link queryPrompt}.
 */
export function candidatePrompt({ text, hasImage, instruction }: MmebSide, { layout, hasCaptions = false }: RuleContext): string {
  if (instruction === undefined) return placeImage(text, hasImage);
  if (layout === "image-to-label" || layout === "question") return placeImage(text, hasImage);
  const bare = instruction.replaceAll(IMAGE_PLACEHOLDER, "");
  const line = joinLines(withImage(hasCaptions ? `${bare} ${text}` : bare, hasImage));
  return layout === "image-to-image" && !hasCaptions ? line : `${line}\n`;
}

/** The text without the placeholder, as models that lay out prompts themselves take it. */
export function withoutPlaceholder(text: string): string {
  return text.replaceAll(IMAGE_PLACEHOLDER, "").trim();
}

function withImage(text: string, hasImage: boolean): string {
  return hasImage ? `${IMAGE_PLACEHOLDER} ${text}` : text;
}

function joinLines(text: string): string {
  return text.replaceAll(" \n", "\n");
}

/**
 * Makes a text that is taken as it stands hold as many placeholders as there are images: a missing one is put in front, as the rules for columns do;
 * those without an image, and those after the first, are dropped.
 */
function placeImage(text: string, hasImage: boolean): string {
  const at = text.indexOf(IMAGE_PLACEHOLDER);
  if (at < 0) return withImage(text, hasImage);
  const end = hasImage ? at + IMAGE_PLACEHOLDER.length : at;
  return text.slice(0, end) + text.slice(at + IMAGE_PLACEHOLDER.length).replaceAll(IMAGE_PLACEHOLDER, "");
}
