import { present } from "../../../errors/families.ts";
import { drawingAnswer } from "./answers.ts";
import { paintScene, pickOthers } from "./canvas-scene.ts";
import { queryInstruction } from "./instructions.ts";
import type { Answer, Exercise, ExerciseContext } from "./task-types.ts";

/** A canvas of four drawings and a name -> the crop that shows what is named; the other three crops stand against it. */
export function makeGrounding(context: ExerciseContext): Exercise | undefined {
  const { concept, stream } = context;
  const others = pickOthers(context, 3);
  if (others === undefined) return undefined;
  const scene = paintScene(context, stream.shuffle([concept, ...others]));
  const answers = scene.concepts.map((drawn, place): Answer => drawingAnswer(drawn, present(scene.crops[place], "the crop"), "query"));
  return {
    query: { image: scene.canvas, text: concept.label, instruction: queryInstruction("grounding", context) },
    queryName: `${concept.label}, among ${others.map((other) => other.label).join(", ")}`,
    positive: present(
      answers.find((answer) => answer.concept === concept),
      "the named crop",
    ),
    hardNegatives: answers.filter((answer) => answer.concept !== concept),
    answerKind: "drawing",
  };
}
