import type { EmojiWords } from "./concepts.ts";

/** Woman, man and person as a figure: one and the same. */
const PERSON = "1f9d1";
const FIGURES: ReadonlySet<string> = new Set(["1f468", "1f469", PERSON]);
/** Gender signs, "facing right", and hair: they vary a figure, they do not make another. */
const MODIFIERS: ReadonlySet<string> = new Set([
  "2640",
  "2642",
  "27a1",
  "1f9b0",
  "1f9b1",
  "1f9b2",
  "1f9b3",
  "1f3fb",
  "1f3fc",
  "1f3fd",
  "1f3fe",
  "1f3ff",
]);
const JOINER = "200d";

/** Other emoji that at least one set draws exactly alike: a picture of one would give the other away. */
const DRAWN_ALIKE: readonly (readonly [string, string])[] = [
  ["1f431", "1f63a"], // cat face, grinning cat
  ["1f620", "1f621"], // angry face, enraged face
  ["231b", "23f3"], // hourglass done, not done
  ["1f4bf", "1f4c0"], // optical disk, dvd
  ["2755", "2757"], // white and red exclamation mark
  ["25fc", "1f533"], // black medium square, white square button
  ["1f538", "1f539"], // small orange and small blue diamond
];

/** Words that tell the gender or age of a figure, and what they vary. */
const FIGURE_WORDS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:woman|man|women|men|people|person|boy|girl|child|old(?:er)? (?:woman|man|person))\b/g, "person"],
  [/\bperson and person\b/g, "person"],
  [/\b(?:mermaid|merman)\b/g, "merperson"],
  [/\b(?:prince|princess)\b/g, "person with crown"],
  [/\b(?:santa claus|mrs\. claus|mx claus)\b/g, "claus"],
  [/\bbreast-feeding\b/g, "person feeding baby"],
  [/: (?:facing right|beard|blond hair|red hair|curly hair|white hair|bald)$/g, ""],
  [/ facing right$/g, ""],
];

/**
 * Names, for every emoji, the group of its variants: the emoji that show the same thing with another gender, age, hair, direction or number of
 * figures. Two emoji are variants if their code points agree once genders, hair and direction are left out, or their labels do once the words for
 * them are; couples, kisses and families are one group each, and so are emoji that a set draws exactly alike. Variants stay on one side of every split, and never stand against each other as
 * candidates: vendors often draw them alike.
 * @returns group names (the id of the group's first emoji), in the order of `words`.
 */
export function variantGroups(words: readonly EmojiWords[]): string[] {
  const leaders = new Map<string, number>();
  const parents = words.map((_, index) => index);
  const root = (index: number): number => (parents[index] === index ? index : root(parents[index] as number));
  for (const [index, emoji] of words.entries()) {
    for (const key of variantKeys(emoji)) {
      const leader = leaders.get(key) ?? index;
      leaders.set(key, leader);
      const [low, high] = [root(leader), root(index)].sort((left, right) => left - right) as [number, number];
      parents[high] = low;
    }
  }
  return words.map((_, index) => (words[root(index)] as EmojiWords).id);
}

function variantKeys(emoji: EmojiWords): string[] {
  const codes = emoji.id.split("-").filter((point) => point !== JOINER && !MODIFIERS.has(point));
  const figures = codes.length === 0 ? [emoji.id] : codes.map((point) => (FIGURES.has(point) ? PERSON : point));
  const label = FIGURE_WORDS.reduce((text, [pattern, word]) => text.replaceAll(pattern, word), emoji.label.toLowerCase());
  const alike = DRAWN_ALIKE.flatMap((pair, index) => (pair.includes(emoji.id) ? [`alike ${index}`] : []));
  return [...alike, `codes ${figures.join("-")}`, `label ${label.replace(/^(family|kiss|couple with heart): .*/, "$1")}`];
}
