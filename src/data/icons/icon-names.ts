/** Endings that tell how an icon is drawn, not what. */
const STYLE_WORDS: ReadonlySet<string> = new Set([
  "outline",
  "outlined",
  "filled",
  "fill",
  "solid",
  "variant",
  "alt",
  "duo",
  "flat",
  "bold",
  "thick",
]);

/** Parts that make an icon a command or a state of something, or part of a series of near copies. */
const INTERFACE_WORDS: ReadonlySet<string> = new Set(
  (
    "abort accept account add alert align arrow arrows at badge bell border box brand bug cancel cell check chevron circle clock code cog collapse column " +
    "command config content copy corner data database decrease delete diagonal dialog disabled discount document dollar dots down download east edit eject " +
    "error exclamation expand export eye file filter flip folder forward full half heart hexagon import increase input left letter line link list lock logo " +
    "marker message minus mode move multiple music network new next north number octagon off open output pause pin play plus polygon position press previous " +
    "question refresh reload remove reverse right rotate row search select send server setting settings share sort south spark square star status stop sync " +
    "table text toggle transfer triangle undo unlock up update upload upwards user user users vertical view west window x zoom"
  ).split(" "),
);
const LONGEST = 3;

/**
 * The plain name of an icon: "alarm-clock-outline" -> "alarm clock".
 * @returns undefined for icons of no use here: commands and states of an interface ("file-plus"), series, letters, numbers, names of over three words.
 */
export function plainIconName(name: string): string | undefined {
  const words = name.toLowerCase().split(/[-_ ]+/);
  while (words.length > 1 && (STYLE_WORDS.has(words.at(-1) ?? "") || /^\d+$/.test(words.at(-1) ?? ""))) words.pop();
  const plain = words.every((word) => /^[a-z]{2,}$/.test(word)) && words.length <= LONGEST;
  const ofInterface = words.length > 1 && words.some((word) => INTERFACE_WORDS.has(word));
  return plain && !ofInterface ? words.join(" ") : undefined;
}
