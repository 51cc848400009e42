import { makeClassification } from "./classification.ts";
import { makeGrounding } from "./grounding.ts";
import { makeImageToImage } from "./image-to-image.ts";
import { makeImageToText } from "./image-to-text.ts";
import type { MakeExercise, TaskFamily } from "./task-types.ts";
import { makeTextToImage } from "./text-to-image.ts";
import { makeVisualQuestion } from "./visual-questions.ts";

/** How the exercises of each family are made. */
export const MAKE_EXERCISE: Readonly<Record<TaskFamily, MakeExercise>> = {
  classification: makeClassification,
  "text-to-image": makeTextToImage,
  "image-to-text": makeImageToText,
  "image-to-image": makeImageToImage,
  grounding: makeGrounding,
  "visual-questions": makeVisualQuestion,
};
