/** Names of the style sheet's colours, in the order in which curves take them: the whole, the aggregate, paths. */
const NAMES = ["text", "line-1", "line-0", "line-2", "line-3", "line-7", "line-6", "line-5", "line-4"] as const;
/** With several runs there is no whole. */
const RUN_NAMES = NAMES.slice(1);

/** Dashes of curves of one run among several; the first is solid. */
const DASHES: readonly (readonly number[] | undefined)[] = [undefined, [8, 4], [2, 3], [10, 3, 2, 3], [5, 2], [1, 4]];

/** A colour as the style sheet has it now, light or dark. */
export function colorOf(place: number, isRun: boolean): string {
  const names = isRun ? RUN_NAMES : NAMES;
  const name = place < names.length ? names[place] : RUN_NAMES[(place - names.length) % RUN_NAMES.length];
  return styleValue(`--${name}`);
}

export function dashOf(place: number): number[] | undefined {
  const dash = DASHES[place % DASHES.length];
  return dash === undefined ? undefined : [...dash];
}

/** A value of the style sheet. */
export function styleValue(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
