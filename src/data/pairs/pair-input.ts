import { DataError } from "../../errors/families.ts";
import { IMAGE_PLACEHOLDER, type ImageSource, type PromptInput } from "../../inputs/embedding-input.ts";
import type { PairSide } from "./pair-row.ts";

/** How a path of a dataset becomes a picture. */
export type ImageOpener = (path: string) => ImageSource;

/**
 * A side as a model takes it. A prompt's `<|image_1|>`, `<|image_2|>`, ... stand for its images; a prompt with images but no place for them gets
 * the places put before its text. A side in parts is laid out by the model's template.
 * @param where file and row, for the message. @throws {DataError} if a prompt has not as many places as images.
 */
export function toPromptInput(side: PairSide, open: ImageOpener, where: string): PromptInput {
  const { text, images, parts } = side;
  if (parts !== undefined) {
    const [image] = images;
    return {
      ...(image === undefined ? {} : { image: open(image) }),
      ...(text === "" ? {} : { text }),
      ...(parts.instruction === "" ? {} : { instruction: parts.instruction }),
    };
  }
  const problem = placesProblem(side);
  if (problem !== undefined) throw new DataError({ message: `${where}: ${problem}`, details: { file: where, row: null, field: null } });
  const places = placesIn(text);
  if (places.length === 0)
    return { prompt: withPlaces(text, images.length), images: images.map(open), imagePlaceholder: IMAGE_PLACEHOLDER };
  return {
    prompt: text.replaceAll(PLACE, () => IMAGE_PLACEHOLDER),
    images: places.map((number) => open(images[number - 1] ?? "")),
    imagePlaceholder: IMAGE_PLACEHOLDER,
  };
}

/** Why the places of a prompt do not fit its images; undefined if they do. */
export function placesProblem({ text, images, parts }: PairSide): string | undefined {
  const places = placesIn(text);
  if (parts !== undefined || (places.length === 0 && images.length > 0)) return undefined;
  if (places.length === images.length && places.every((number) => number >= 1 && number <= images.length)) return undefined;
  const named = places.map((number) => `<|image_${number}|>`).join(", ");
  return `the text has ${places.length} places for images (${named || "none"}) and there are ${images.length} images; give one for each`;
}

const PLACE = /<\|image_(\d+)\|>/g;

/** The numbers of the places in a text, in their order. */
function placesIn(text: string): number[] {
  return Array.from(text.matchAll(PLACE), ([, number]) => Number(number));
}

function withPlaces(text: string, count: number): string {
  const places = Array.from({ length: count }, () => IMAGE_PLACEHOLDER).join(" ");
  return [places, text].filter((part) => part !== "").join(" ");
}
