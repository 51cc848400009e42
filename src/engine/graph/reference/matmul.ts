import { at, tabulate, type Dense } from "./dense.ts";

/** Sum of products over the inner axis; leading axes broadcast. */
export function matmulReference(
  shape: readonly number[],
  [a, b]: readonly [Dense, Dense],
  { transposeA, transposeB }: { readonly transposeA: boolean; readonly transposeB: boolean },
): Float64Array {
  const inner = a.shape.at(transposeA ? -2 : -1) as number;
  return tabulate(shape, (index) => {
    const batch = index.slice(0, -2);
    const [row, column] = index.slice(-2) as [number, number];
    let sum = 0;
    for (let k = 0; k < inner; k++) {
      const left = at(a, [...batch, ...(transposeA ? [k, row] : [row, k])]);
      const right = at(b, [...batch, ...(transposeB ? [column, k] : [k, column])]);
      sum += left * right;
    }
    return sum;
  });
}
