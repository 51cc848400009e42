import { labelAnswer } from "./answers.ts";
import { describe } from "./descriptions.ts";
import { queryInstruction } from "./instructions.ts";
import type { Exercise, ExerciseContext } from "./task-types.ts";

/** A drawing -> the name of what it shows. */
export function makeImageToText(context: ExerciseContext): Exercise {
  const { concept, painter, stream, purpose } = context;
  return {
    query: { image: painter.paint(concept, stream), instruction: queryInstruction("image-to-text", context) },
    queryName: concept.label,
    positive: labelAnswer(concept, purpose === "evaluation" || stream.uniform() < 0.6 ? concept.label : describe(concept, stream)),
    hardNegatives: [],
    answerKind: "label",
  };
}
