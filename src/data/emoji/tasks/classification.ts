import { subgroupAnswer } from "./answers.ts";
import { queryInstruction } from "./instructions.ts";
import type { Exercise, ExerciseContext } from "./task-types.ts";

/** A drawing -> the name of the subgroup its concept is filed under, as text. */
export function makeClassification(context: ExerciseContext): Exercise {
  const { concept, painter, stream } = context;
  return {
    query: { image: painter.paint(concept, stream), instruction: queryInstruction("classification", context) },
    queryName: concept.label,
    positive: subgroupAnswer(concept.subgroup),
    hardNegatives: [],
    answerKind: "subgroup",
  };
}
