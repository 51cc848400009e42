import type { RawImage } from "../../../inputs/embedding-input.ts";
import type { EmojiConcept } from "../corpus.ts";
import { TARGET_IMAGE_INSTRUCTION } from "./instructions.ts";
import type { Answer } from "./task-types.ts";

/** A drawing as an answer. @param pool what tells this drawing of the concept from others: "query", "target". */
export function drawingAnswer(concept: EmojiConcept, image: RawImage, pool: string): Answer {
  return {
    input: { image, instruction: TARGET_IMAGE_INSTRUCTION },
    key: concept.variantGroup,
    name: `${concept.label} (${pool} drawing)`,
    concept,
  };
}

/** A concept's name as an answer. @param text other words for it, in training. */
export function labelAnswer(concept: EmojiConcept, text: string = concept.label): Answer {
  return { input: { text }, key: concept.variantGroup, name: text, concept };
}

/** A subgroup as an answer. */
export function subgroupAnswer(subgroup: string): Answer {
  return { input: { text: subgroup }, key: `subgroup ${subgroup}`, name: subgroup };
}
