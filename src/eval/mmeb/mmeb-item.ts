import { createHash } from "node:crypto";
import type { MmebDataset } from "../../data/mmeb/datasets.ts";
import type { EvalRow } from "../../data/mmeb/eval-row.ts";
import { candidatePrompt, queryPrompt, withoutPlaceholder } from "../../data/mmeb/text-rules.ts";

/** Something to embed: its text in the reference's words and in parts, and the path of its image. */
export interface MmebItem {
  /** By the reference's rules, `<|image_1|>` where the image stands. */
  readonly prompt: string;
  /** Instruction and text without placeholder, for models that lay out prompts themselves; "" where there is none. */
  readonly instruction: string;
  readonly text: string;
  /** As the columns name it; undefined without an image. */
  readonly image: string | undefined;
}

/** What of an item is embedded: its text by the reference's rules; its parts, laid out by the model's own prompt template; or all that is known of it. */
export type PromptStyle = "reference" | "model" | "everything";

/** The query of a row. */
export function queryItem({ query: { text, image }, instructions }: EvalRow, { name, layout }: MmebDataset): MmebItem {
  const instruction = instructions?.query;
  const prompt = queryPrompt({ text, hasImage: image !== "", instruction }, { dataset: name, layout });
  return { prompt, ...partsOf(text, instruction), image: image || undefined };
}

/** A maker of a row's candidates. */
export function candidateItems({ candidates, instructions }: EvalRow, { name, layout }: MmebDataset): (place: number) => MmebItem {
  const context = { dataset: name, layout, hasCaptions: (candidates[0]?.text.trim() ?? "") !== "" };
  const isPlain = layout === "image-to-label" || layout === "question";
  return (place) => {
    const { text = "", image = "" } = candidates[place] ?? {};
    const instruction = instructions?.candidate;
    const prompt = candidatePrompt({ text, hasImage: image !== "", instruction }, context);
    return { prompt, ...partsOf(text, isPlain ? undefined : instruction), image: image || undefined };
  };
}

/**
 * What tells a row's candidates apart: equal keys are the same candidate. Text and image; in RefCOCO-Matching the image's path and the caption
 * without its quotes, as one image holds several objects.
 */
export function candidateKey({ text, image }: { readonly text: string; readonly image: string }, { name }: MmebDataset): string {
  const caption = name === "RefCOCO-Matching" ? text.replace(/^"+|"+$/g, "") : text;
  return `${image}\u0000${caption}`;
}

/** Whether there is nothing to embed. */
export function isEmptySide({ text, image }: { readonly text: string; readonly image: string }): boolean {
  return image === "" && withoutPlaceholder(text) === "";
}

/**
 * The name of what an item holds, for caches: equal names are embedded alike by the same model.
 * @param imageHash of the image's bytes. @returns 32 bytes.
 */
export function contentKey(item: MmebItem, style: PromptStyle, imageHash: string | undefined): Buffer {
  const { prompt, instruction, text, image } = item;
  const words = { reference: [prompt], model: [instruction, text], everything: [prompt, instruction, text, image ?? null] }[style];
  return createHash("sha256").update(JSON.stringify([style, ...words, imageHash ?? null])).digest(); // prettier-ignore
}

function partsOf(text: string, instruction: string | undefined): Pick<MmebItem, "instruction" | "text"> {
  return { instruction: withoutPlaceholder(instruction ?? ""), text: withoutPlaceholder(text) };
}
