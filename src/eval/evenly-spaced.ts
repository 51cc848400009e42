/** `limit` of the numbers below `count`, evenly spaced; all of them if there are fewer. */
export function evenlySpaced(count: number, limit: number): number[] {
  const length = Math.min(count, limit);
  return Array.from({ length }, (_, index) => Math.floor((index * count) / length));
}
