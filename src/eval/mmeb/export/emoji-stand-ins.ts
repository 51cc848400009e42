import type { TaskFamily } from "../../../data/emoji/tasks/task-types.ts";
import type { ConceptGroup } from "../../ranking-task.ts";

/**
 * The MMEB dataset whose place each task of the emoji benchmark takes when it is written in MMEB's layout: one of the same kind, in distribution for
 * concepts seen in training, out of it for the others. They share nothing but the name.
 */
export const EMOJI_STAND_INS: Readonly<Record<TaskFamily, Readonly<Record<ConceptGroup, string>>>> = {
  classification: { seen: "ImageNet-1K", unseen: "ImageNet-A" },
  "text-to-image": { seen: "MSCOCO_t2i", unseen: "Wiki-SS-NQ" },
  "image-to-text": { seen: "MSCOCO_i2t", unseen: "ObjectNet" },
  "image-to-image": { seen: "NIGHTS", unseen: "FashionIQ" },
  grounding: { seen: "MSCOCO", unseen: "RefCOCO" },
  "visual-questions": { seen: "OK-VQA", unseen: "GQA" },
};
