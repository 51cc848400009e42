import { drawingAnswer } from "./answers.ts";
import { queryInstruction } from "./instructions.ts";
import type { Exercise, ExerciseContext } from "./task-types.ts";

/** A drawing -> a drawing of the same thing by another vendor. */
export function makeImageToImage(context: ExerciseContext): Exercise {
  const [image, target] = context.painter.paintPair(context.concept, context.stream);
  return {
    query: { image, instruction: queryInstruction("image-to-image", context) },
    queryName: context.concept.label,
    positive: drawingAnswer(context.concept, target, "target"),
    hardNegatives: [],
    answerKind: "target drawing",
  };
}
