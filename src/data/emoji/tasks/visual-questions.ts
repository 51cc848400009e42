import { present } from "../../../errors/families.ts";
import { augmentationLimits } from "../../augment.ts";
import { CANVAS_PLACES } from "../../images/canvas.ts";
import { COLOUR_NAMES } from "../../images/dominant-colour.ts";
import type { EmojiConcept } from "../corpus.ts";
import { labelAnswer, subgroupAnswer } from "./answers.ts";
import { paintScene, pickOthers, type CanvasScene } from "./canvas-scene.ts";
import { queryInstruction } from "./instructions.ts";
import type { Answer, Exercise, ExerciseContext } from "./task-types.ts";

/** A question about a canvas, without the instruction that goes with every query. */
type Question = Omit<Exercise, "query" | "queryName"> & { readonly question: string; readonly scene: CanvasScene };
type AskQuestion = (context: ExerciseContext) => Question | undefined;

/**
 * A canvas of four drawings and a question -> the answer as text. The questions are templated, six kinds, each as often as the others: what is
 * drawn at a place, what is drawn beside something, which subgroup the drawing at a place belongs to, how often something is drawn, what colour
 * something mostly has, which drawing does not belong with the others. They test whether a model can look at a place, a relation, a number, a
 * colour and a kind; they are not natural language.
 */
export function makeVisualQuestion(context: ExerciseContext): Exercise | undefined {
  const asked = context.stream.pick(QUESTIONS)(context) ?? askPlace(context);
  if (asked === undefined) return undefined;
  const { question, scene, ...exercise } = asked;
  return {
    ...exercise,
    query: { image: scene.canvas, text: question, instruction: queryInstruction("visual-questions", context) },
    queryName: `${question} [${scene.concepts.map((concept) => concept.label).join(" | ")}]`,
  };
}

/** "What is drawn at the top left?" -> "red heart" */
const askPlace: AskQuestion = (context) => {
  const scene = paintMixed(context);
  if (scene === undefined) return undefined;
  const place = scene.concepts.indexOf(context.concept);
  return { question: `What is drawn at the ${CANVAS_PLACES[place]}?`, scene, ...answerWithLabel(scene, context.concept) };
};

/** "What is drawn left of the red heart?" -> "dog face" */
const askNeighbour: AskQuestion = (context) => {
  const scene = paintMixed(context);
  if (scene === undefined) return undefined;
  const place = scene.concepts.indexOf(context.concept);
  const across = context.stream.uniform() < 0.5;
  const named = present(scene.concepts[across ? place ^ 1 : place ^ 2], "the neighbour");
  const relation = across ? (place % 2 === 0 ? "left of" : "right of") : place < 2 ? "above" : "below";
  return { question: `What is drawn ${relation} the ${named.label}?`, scene, ...answerWithLabel(scene, context.concept) };
};

/** "Which group does the drawing at the bottom right belong to?" -> "animal mammal" */
const askGroup: AskQuestion = (context) => {
  const scene = paintMixed(context);
  if (scene === undefined) return undefined;
  const { subgroup } = context.concept;
  const rest = new Set(scene.concepts.map((concept) => concept.subgroup).filter((other) => other !== subgroup));
  return {
    question: `Which group does the drawing at the ${CANVAS_PLACES[scene.concepts.indexOf(context.concept)]} belong to?`,
    scene,
    positive: subgroupAnswer(subgroup),
    hardNegatives: [...rest].map(subgroupAnswer),
    answerKind: "subgroup",
  };
};

const TIMES = ["once", "twice", "three times", "four times"] as const;

/** "How often is the red heart drawn?" -> "red heart, three times" */
const askCount: AskQuestion = (context) => {
  const { concept, stream } = context;
  const times = 1 + stream.integer(4);
  const others = pickOthers(context, 4 - times);
  if (others === undefined) return undefined;
  const copies = Array.from({ length: times }, () => concept);
  const answers = TIMES.map((word) => phraseAnswer(concept, word));
  return {
    question: `How often is the ${concept.label} drawn?`,
    scene: paintScene(context, stream.shuffle([...copies, ...others])),
    positive: present(answers[times - 1], "the count"),
    hardNegatives: answers.filter((_, index) => index !== times - 1),
    answerKind: "count",
  };
};

/** "Which colour does the frog mostly have?" -> "frog, mostly green". Not where the name tells the colour. */
const askColour: AskQuestion = (context) => {
  const { concept, stream, painter } = context;
  const painted = augmentationLimits(concept.label, []).recolour ? painter.paintColoured(concept, stream) : undefined;
  const others = pickOthers(context, 3);
  if (painted === undefined || others === undefined) return undefined;
  const wrong = COLOUR_NAMES.filter((name) => name !== painted.colour);
  return {
    question: `Which colour does the ${concept.label} mostly have?`,
    scene: paintScene(context, stream.shuffle([concept, ...others]), new Map([[concept, painted.image]])),
    positive: phraseAnswer(concept, `mostly ${painted.colour}`),
    hardNegatives: stream.sample(wrong, 4).map((name) => phraseAnswer(concept, `mostly ${name}`)),
    answerKind: "colour",
  };
};

/** "Which drawing does not belong with the others?" (three of one subgroup and one of another) -> "red heart" */
const askOddOneOut: AskQuestion = (context) => {
  const subgroup = context.stream.pick(context.others).subgroup;
  if (subgroup === context.concept.subgroup) return undefined;
  const others = pickOthers(context, 3, (concept) => concept.subgroup === subgroup);
  if (others === undefined) return undefined;
  const scene = paintScene(context, context.stream.shuffle([context.concept, ...others]));
  return { question: "Which drawing does not belong with the others?", scene, ...answerWithLabel(scene, context.concept) };
};

const QUESTIONS: readonly AskQuestion[] = [askPlace, askNeighbour, askGroup, askCount, askColour, askOddOneOut];

/** The concept and three others, in random places. */
function paintMixed(context: ExerciseContext): CanvasScene | undefined {
  const others = pickOthers(context, 3);
  return others === undefined ? undefined : paintScene(context, context.stream.shuffle([context.concept, ...others]));
}

/** The concept's name is right; the names of whatever else is on the canvas are near misses. */
function answerWithLabel(scene: CanvasScene, concept: EmojiConcept): Pick<Exercise, "positive" | "hardNegatives" | "answerKind"> {
  const rest = scene.concepts.filter((other) => other !== concept);
  return { positive: labelAnswer(concept), hardNegatives: rest.map((other) => labelAnswer(other)), answerKind: "label" };
}

function phraseAnswer(concept: EmojiConcept, phrase: string): Answer {
  const text = `${concept.label}, ${phrase}`;
  return { input: { text }, key: `${concept.variantGroup} ${phrase}`, name: text, concept };
}
