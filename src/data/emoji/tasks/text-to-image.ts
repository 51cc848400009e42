import type { EmojiConcept } from "../corpus.ts";
import { drawingAnswer } from "./answers.ts";
import { describe } from "./descriptions.ts";
import { queryInstruction } from "./instructions.ts";
import type { Answer, Exercise, ExerciseContext } from "./task-types.ts";

/** Tags in a query that names none of the label. */
const TAGS_IN_QUERY = 3;

/** Words -> a drawing. The words are the concept's name, or three of its tags without the name: half of the evaluation each. */
export function makeTextToImage(context: ExerciseContext): Exercise {
  const { concept, painter, stream, purpose } = context;
  const tags = stream.sample(concept.tags, TAGS_IN_QUERY);
  const byTags = tags.length === TAGS_IN_QUERY && stream.uniform() < 0.5;
  const text = byTags ? tags.join(", ") : purpose === "evaluation" ? concept.label : describe(concept, stream);
  const exercise: Exercise = {
    query: { text, instruction: queryInstruction("text-to-image", context) },
    queryName: text,
    positive: drawingAnswer(concept, painter.paint(concept, stream), "query"),
    hardNegatives: [],
    answerKind: "drawing",
  };
  return byTags ? { ...exercise, alsoRight: (answer) => hasAllTags(answer, tags) } : exercise;
}

function hasAllTags({ concept }: Answer, tags: readonly string[]): boolean {
  return concept !== undefined && tags.every((tag) => wordsOf(concept).includes(tag));
}

function wordsOf(concept: EmojiConcept): readonly string[] {
  return [concept.label, ...concept.tags];
}
