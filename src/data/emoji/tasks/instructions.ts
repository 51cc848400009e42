import type { ExerciseContext, TaskFamily } from "./task-types.ts";

/** What the model is told to do with a query, by family; the first wording is the one of evaluations, training draws from all. */
const QUERY_INSTRUCTIONS: Readonly<Record<TaskFamily, readonly [string, ...string[]]>> = {
  classification: [
    "Identify the category of the drawing.",
    "Which group of pictures does this drawing belong to?",
    "Name the kind of thing that is drawn.",
    "Classify the drawing.",
  ],
  "text-to-image": [
    "Find a drawing that shows this.",
    "Find the picture these words describe.",
    "Search for a drawing of the following.",
    "Which picture matches the text?",
  ],
  "image-to-text": [
    "Find the name of what is drawn.",
    "What does the drawing show?",
    "Find words for this picture.",
    "Give the description that fits the drawing.",
  ],
  "image-to-image": [
    "Find another drawing of the same thing.",
    "Find a picture of the same thing by someone else.",
    "Which drawing shows the same in another style?",
    "Find the same thing, drawn differently.",
  ],
  grounding: [
    "Select the part of the picture that shows what is named.",
    "Crop the named thing out of the picture.",
    "Find the named part of the picture.",
    "Which cut-out of the picture shows this?",
  ],
  "visual-questions": [
    "Answer the question about the picture.",
    "Look at the picture and answer.",
    "Find the answer to the question in the picture.",
    "Reply to the question with the help of the picture.",
  ],
};

/** What the model is told of a picture that is an answer. */
export const TARGET_IMAGE_INSTRUCTION = "Represent the drawing.";

/** The instruction of a family's query. */
export function queryInstruction(family: TaskFamily, { purpose, stream }: Pick<ExerciseContext, "purpose" | "stream">): string {
  const wordings = QUERY_INSTRUCTIONS[family];
  return purpose === "evaluation" ? wordings[0] : stream.pick(wordings);
}
