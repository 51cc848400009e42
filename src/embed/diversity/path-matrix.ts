/** A symmetric measure between paths, [N, N]; null where it is undefined, e.g. for a path that does not vary. */
export type PathMatrix = readonly (readonly (number | null)[])[];

/** Fills the matrix from a symmetric function of two paths, called once per pair and once per path with itself. */
export function symmetricMatrix(pathCount: number, measure: (left: number, right: number) => number): PathMatrix {
  const matrix = Array.from({ length: pathCount }, () => Array.from({ length: pathCount }, (): number | null => null));
  for (let left = 0; left < pathCount; left++) {
    for (let right = left; right < pathCount; right++) {
      const value = measure(left, right);
      const entry = Number.isFinite(value) ? value : null;
      (matrix[left] as (number | null)[])[right] = entry;
      (matrix[right] as (number | null)[])[left] = entry;
    }
  }
  return matrix;
}

/** The values of all pairs of different paths that are defined. */
export function pairValues(matrix: PathMatrix): number[] {
  const values: number[] = [];
  matrix.forEach((row, left) => {
    for (const value of row.slice(left + 1)) if (value !== null) values.push(value);
  });
  return values;
}

/** The mean over pairs of different paths; null if there is no pair. */
export function pairMean(matrix: PathMatrix): number | null {
  const values = pairValues(matrix);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The mean of several matrices of one size, entry by entry, over those that have it. */
export function meanMatrix(matrices: readonly PathMatrix[]): PathMatrix {
  return symmetricMatrix(matrices[0]?.length ?? 0, (left, right) => {
    const known = matrices.flatMap((matrix) => matrix[left]?.[right] ?? []);
    return known.reduce((sum, value) => sum + value, 0) / known.length;
  });
}
