import type { RawImage } from "../../../inputs/embedding-input.ts";
import { composeCanvas } from "../../images/canvas.ts";
import type { EmojiConcept } from "../corpus.ts";
import type { ExerciseContext } from "./task-types.ts";

/** A 2 x 2 canvas and what is on it, in reading order. */
export interface CanvasScene {
  readonly canvas: RawImage;
  readonly concepts: readonly EmojiConcept[];
  /** Each drawing by itself, as large as drawings are. */
  readonly crops: readonly RawImage[];
}

/**
 * Paints four concepts on a canvas, in the given order.
 * @param painted pictures of concepts that are painted already.
 */
export function paintScene(
  context: ExerciseContext,
  concepts: readonly EmojiConcept[],
  painted: ReadonlyMap<EmojiConcept, RawImage> = new Map(),
): CanvasScene {
  const crops = concepts.map((concept) => painted.get(concept) ?? context.painter.paint(concept, context.stream));
  return { canvas: composeCanvas(crops, context.canvasSize), concepts, crops };
}

/** `count` other concepts, no two of the whole variants of each other; undefined if there are not that many. */
export function pickOthers(
  { concept, others, stream }: Pick<ExerciseContext, "concept" | "others" | "stream">,
  count: number,
  fits: (other: EmojiConcept) => boolean = () => true,
): EmojiConcept[] | undefined {
  const picked = new Map<string, EmojiConcept>();
  const consider = (other: EmojiConcept): void => {
    const isNew = other.variantGroup !== concept.variantGroup && !picked.has(other.variantGroup);
    if (isNew && picked.size < count && fits(other)) picked.set(other.variantGroup, other);
  };
  // a few random tries first: the list may be a thousand long, and three are wanted
  for (let attempt = 0; attempt < 4 * count && others.length > 0; attempt++) consider(stream.pick(others));
  if (picked.size < count) stream.shuffle(others).forEach(consider);
  return picked.size === count ? [...picked.values()] : undefined;
}
