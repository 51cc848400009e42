import type { RandomStream } from "../../../random/random-stream.ts";
import type { EmojiConcept } from "../corpus.ts";

/** Words for a concept, varied for training: its name, its name with some tags, "a drawing of ...". */
export function describe(concept: Pick<EmojiConcept, "label" | "tags">, stream: RandomStream): string {
  const tags = stream.sample(concept.tags, 1 + stream.integer(3));
  const draw = stream.uniform();
  if (draw < 0.5 || tags.length === 0) return draw < 0.4 ? concept.label : `a drawing of ${concept.label}`;
  if (draw < 0.8) return `${concept.label}, ${tags.join(", ")}`;
  return stream.shuffle([concept.label, ...tags]).join(", ");
}
