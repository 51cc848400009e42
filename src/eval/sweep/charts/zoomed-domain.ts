/** The ends of an axis that shows shares close up: a little beyond the lowest and the highest, at least two points apart, within 0 and 1. */
export function zoomedDomain(shares: readonly number[]): [number, number] {
  const [low, high] = [Math.min(...shares), Math.max(...shares)];
  const margin = Math.max(0.01, (high - low) * 0.1);
  return [Math.max(0, low - margin), Math.min(1, high + margin)];
}
