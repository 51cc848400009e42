/** Words that do not tell what a picture shows: how it is drawn, who in general, how large, which colour. */
const EMPTY_WORDS: ReadonlySet<string> = new Set(
  (
    "a an and at by for from in into no not of off on or the to up with without " +
    "button emoji face icon mark sign symbol selector " +
    "adult boy child female girl human lady male man men old older people person woman women " +
    "big heavy large little medium small tall tiny " +
    "black blue brown dark gold golden gray green grey light orange pink purple red silver violet white yellow"
  ).split(" "),
);

/**
 * The words that tell what a picture shows, each in the singular: "pile of books" -> pile, book; "red apple" -> apple; "orange" -> orange, for a
 * name of empty words only stands for itself.
 */
export function contentWords(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const full = words.filter((word) => !EMPTY_WORDS.has(word));
  return [...new Set((full.length > 0 ? full : words).map(singular))];
}

/** The usual English plurals undone; a word that only looks like one changes alike on both sides of a comparison, which does no harm. */
function singular(word: string): string {
  if (word.length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  if (word.length > 4 && /(?:s|x|z|ch|sh)es$/.test(word)) return word.slice(0, -2);
  if (word.length > 3 && word.endsWith("s") && !word.endsWith("ss")) return word.slice(0, -1);
  return word;
}
