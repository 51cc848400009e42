/**
 * The known name most like the given one, for "did you mean": the fewest edits, no more than a third of its length (at least 2).
 * @returns undefined if none is near.
 */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let fewest = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const edits = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (edits >= fewest) continue;
    fewest = edits;
    nearest = candidate;
  }
  return nearest;
}

/** Levenshtein distance: inserted, removed and changed characters. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const change = from[row - 1] === to[column - 1] ? 0 : 1;
      const candidates = [(previous[column - 1] as number) + change, (previous[column] as number) + 1, (current[column - 1] as number) + 1];
      current.push(Math.min(...candidates));
    }
    previous = current;
  }
  return previous[to.length] as number;
}
