/** The first `dimensions` numbers of a vector, at unit length again: a copy. */
export function cutVector(vector: Float32Array, dimensions: number): Float32Array {
  const cut = vector.slice(0, dimensions);
  if (dimensions >= vector.length) return cut;
  const length = Math.sqrt(cut.reduce((sum, value) => sum + value * value, 0));
  return length === 0 ? cut : cut.map((value) => value / length);
}
