import type { RawImage } from "../../../inputs/embedding-input.ts";
import { invariant, present } from "../../../errors/families.ts";
import { RandomStream } from "../../../random/random-stream.ts";
import { augmentationLimits, augmentDrawing, type AugmentationLimits } from "../../augment.ts";
import { dominantColour, type ColourName } from "../../images/dominant-colour.ts";
import type { EmojiConcept, EmojiDrawing } from "../corpus.ts";
import { COLOURLESS_SETS, type DrawingSetName } from "../drawing-sets.ts";

/** Decides whose drawing of a concept is shown, and how. */
export interface DrawingPainter {
  /** A drawing of the concept. */
  paint(concept: EmojiConcept, stream: RandomStream): RawImage;
  /** A drawing of the concept that mostly has one colour, and that colour; undefined if there is none. */
  paintColoured(concept: EmojiConcept, stream: RandomStream): ColouredDrawing | undefined;
  /** Two drawings of the concept by different vendors: the query and its target. */
  paintPair(concept: EmojiConcept, stream: RandomStream): readonly [RawImage, RawImage];
}

/** A drawing that mostly has one colour. */
export interface ColouredDrawing {
  readonly image: RawImage;
  readonly colour: ColourName;
}

/** Which sets a painter takes drawings from. */
export interface PainterOptions {
  readonly sets: readonly DrawingSetName[];
  /** Whether drawings are augmented. */
  readonly augmentation: boolean;
}

/** Paints for training: a random drawing from the given sets every time, augmented. */
export class TrainingPainter implements DrawingPainter {
  readonly #options: PainterOptions;
  readonly #limits = new Map<EmojiConcept, AugmentationLimits>();

  constructor(options: PainterOptions) {
    this.#options = options;
  }

  paint(concept: EmojiConcept, stream: RandomStream): RawImage {
    return this.#show(stream.pick(drawingsOf(concept, this.#options.sets)), stream, false);
  }

  paintColoured(concept: EmojiConcept, stream: RandomStream): ColouredDrawing | undefined {
    const drawing = stream.pick(drawingsOf(concept, this.#options.sets));
    const colour = colourOf(drawing);
    return colour === undefined ? undefined : { image: this.#show(drawing, stream, true), colour };
  }

  paintPair(concept: EmojiConcept, stream: RandomStream): readonly [RawImage, RawImage] {
    const drawings = drawingsOf(concept, this.#options.sets);
    const query = stream.pick(drawings);
    const others = drawings.filter((drawing) => drawing.vendor !== query.vendor);
    invariant(others.length > 0, `no second vendor draws ${concept.label} in the chosen sets`);
    return [this.#show(query, stream, false), this.#show(stream.pick(others), stream, false)];
  }

  #show(drawing: EmojiDrawing, stream: RandomStream, keepColours: boolean): RawImage {
    if (!this.#options.augmentation) return drawing.image;
    const limits = this.#limitsOf(drawing.concept);
    return augmentDrawing(drawing, stream, keepColours ? { ...limits, recolour: false } : limits);
  }

  #limitsOf(concept: EmojiConcept): AugmentationLimits {
    const known = this.#limits.get(concept);
    if (known !== undefined) return known;
    const limits = augmentationLimits(concept.label, [...concept.tags, concept.subgroup, concept.group]);
    this.#limits.set(concept, limits);
    return limits;
  }
}

/**
 * Paints for evaluation, as drawn: each concept always by the same set, chosen from `querySets` by its name; the target of a pair by a set of
 * `targetSets` of another vendor.
 */
export class EvaluationPainter implements DrawingPainter {
  readonly #querySets: readonly DrawingSetName[];
  readonly #targetSets: readonly DrawingSetName[];

  constructor(querySets: readonly DrawingSetName[], targetSets: readonly DrawingSetName[]) {
    this.#querySets = querySets;
    this.#targetSets = targetSets;
  }

  paint(concept: EmojiConcept): RawImage {
    return this.#query(concept).image;
  }

  paintColoured(concept: EmojiConcept): ColouredDrawing | undefined {
    const drawing = this.#query(concept);
    const colour = colourOf(drawing);
    return colour === undefined ? undefined : { image: drawing.image, colour };
  }

  paintPair(concept: EmojiConcept): readonly [RawImage, RawImage] {
    const query = this.#query(concept);
    const targets = drawingsOf(concept, this.#targetSets).filter((drawing) => drawing.vendor !== query.vendor);
    invariant(targets.length > 0, `no second vendor draws ${concept.label} in the chosen sets`);
    return [query.image, new RandomStream("target set", concept.id).pick(targets).image];
  }

  #query(concept: EmojiConcept): EmojiDrawing {
    return new RandomStream("query set", concept.id).pick(drawingsOf(concept, this.#querySets));
  }
}

/** The colour a drawing mostly has, reckoned once; undefined for sets in black and white. */
function colourOf(drawing: EmojiDrawing): ColourName | undefined {
  if (!knownColours.has(drawing)) knownColours.set(drawing, COLOURLESS_SETS.includes(drawing.set) ? undefined : dominantColour(drawing));
  return knownColours.get(drawing);
}

const knownColours = new WeakMap<EmojiDrawing, ColourName | undefined>();

function drawingsOf(concept: EmojiConcept, sets: readonly DrawingSetName[]): EmojiDrawing[] {
  const drawings = sets.flatMap((set) => concept.drawings.get(set) ?? []);
  present(drawings[0], `a drawing of ${concept.label} in ${sets.join(", ")}`);
  return drawings;
}
