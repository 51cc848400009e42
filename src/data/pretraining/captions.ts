import type { EmbeddingInput } from "../../inputs/embedding-input.ts";
import { present } from "../../errors/families.ts";
import type { RandomStream } from "../../random/random-stream.ts";
import { CANVAS_PLACES, composeCanvas } from "../images/canvas.ts";
import { paintColouredItem, paintItem, type PretrainingItem } from "./pretraining-item.ts";

/** What a model reads, and what it is to write after it. */
export interface CaptionExample {
  readonly input: EmbeddingInput;
  /** The text to be written. */
  readonly output: string;
}

/** How captions are made. */
export interface CaptionContext {
  readonly stream: RandomStream;
  readonly augmentation: boolean;
}

const NAME_INSTRUCTIONS = ["Name the drawing.", "What is drawn?", "Name what the drawing shows."];
const DESCRIBE_INSTRUCTIONS = ["Describe the drawing.", "Describe the picture in a few words.", "Give words for the drawing."];
const GROUP_INSTRUCTIONS = [
  "Identify the category of the drawing.",
  "Which group of pictures does this drawing belong to?",
  "Classify the drawing.",
];
const COLOUR_INSTRUCTIONS = ["Which colour does the drawing mostly have?", "Name the main colour of the drawing."];
const LIST_INSTRUCTIONS = ["List the four drawings.", "Name the drawings from the top left to the bottom right."];
const PLACE_INSTRUCTION = "Answer the question about the picture.";

/** A picture of one thing: its name, its name and tags, its group or its colour. */
export function captionItem(item: PretrainingItem, { stream, augmentation }: CaptionContext): CaptionExample {
  const draw = stream.uniform();
  const coloured = draw < 0.1 ? paintColouredItem(item, stream, augmentation) : undefined;
  if (coloured !== undefined) {
    return { input: { image: coloured.image, instruction: stream.pick(COLOUR_INSTRUCTIONS) }, output: coloured.colour };
  }
  const image = paintItem(item, stream, augmentation);
  if (draw < 0.3 && item.subgroup !== undefined)
    return { input: { image, instruction: stream.pick(GROUP_INSTRUCTIONS) }, output: item.subgroup };
  if (draw < 0.65 || item.tags.length === 0) return { input: { image, instruction: stream.pick(NAME_INSTRUCTIONS) }, output: item.label };
  const tags = stream.sample(item.tags, 3).join(", ");
  return { input: { image, instruction: stream.pick(DESCRIBE_INSTRUCTIONS) }, output: `${item.label}: ${tags}` };
}

/** A canvas of four things: all four names, or the name at one place. */
export function captionCanvas(items: readonly PretrainingItem[], size: number, { stream, augmentation }: CaptionContext): CaptionExample {
  const image = composeCanvas(
    items.map((item) => paintItem(item, stream, augmentation)),
    size,
  );
  if (stream.uniform() < 0.5) {
    return { input: { image, instruction: stream.pick(LIST_INSTRUCTIONS) }, output: items.map((item) => item.label).join("; ") };
  }
  const place = stream.integer(CANVAS_PLACES.length);
  const text = `What is drawn at the ${CANVAS_PLACES[place]}?`;
  return { input: { image, text, instruction: PLACE_INSTRUCTION }, output: present(items[place], "the item at that place").label };
}
