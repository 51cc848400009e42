/**
 * Exponential moving average: `s = w s + (1 - w) x`, divided by `1 - w^n` so that it starts at the first number. Gaps stay gaps.
 * @param weight of what came before, in [0, 1); 0 leaves the numbers as they are.
 */
export function smooth(values: readonly (number | null)[], weight: number): (number | null)[] {
  if (weight === 0) return [...values];
  let [average, share] = [0, 0];
  return values.map((value) => {
    if (value === null) return null;
    average = weight * average + (1 - weight) * value;
    share = weight * share + (1 - weight);
    return average / share;
  });
}
