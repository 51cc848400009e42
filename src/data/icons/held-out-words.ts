import type { EmojiConcept } from "../emoji/corpus.ts";
import { contentWords } from "./content-words.ts";

/** The names a picture goes by. */
export interface PictureNames {
  readonly name: string;
  /** Other names and tags. */
  readonly tags: readonly string[];
}

/**
 * Tells pictures that may show a held-out concept by their names, so that no pretraining sees one. A picture is refused if
 * 1. its name or one of its tags holds all content words of a held-out label ("sitting dog", "dog" for "dog face"), or
 * 2. its name has the same content words as one of a held-out concept's tags ("puppy" for "dog face").
 * This refuses more than needed (a "star button" for "star"), never less than the names tell.
 */
export class HeldOutWords {
  /** The content words of the labels, under the first of them. */
  readonly #labels = new Map<string, string[][]>();
  readonly #tags = new Set<string>();

  constructor(heldOut: readonly Pick<EmojiConcept, "label" | "tags">[]) {
    for (const { label, tags } of heldOut) {
      const words = contentWords(label);
      const first = words[0];
      if (first !== undefined) this.#labels.set(first, [...(this.#labels.get(first) ?? []), words]);
      for (const tag of tags) this.#tags.add(nameKey(tag));
    }
  }

  /** Whether the picture may show a held-out concept. */
  refuses({ name, tags }: PictureNames): boolean {
    return this.#tags.has(nameKey(name)) || [name, ...tags].some((text) => this.#holdsLabel(text));
  }

  #holdsLabel(text: string): boolean {
    const words = new Set([...contentWords(text), ...(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])]);
    return [...words].some((word) => this.#labels.get(word)?.some((label) => label.every((part) => words.has(part))) === true);
  }
}

/** Equal for names with the same content words, whatever their order. */
export function nameKey(name: string): string {
  return contentWords(name).sort().join(" ");
}
