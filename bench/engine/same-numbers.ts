import type { Tensor } from "../../src/engine/tensor/tensor.ts";
import { invariant, present } from "../../src/errors/families.ts";

/** How far two tensors of a name lie apart. */
export interface Distance {
  readonly name: string;
  /** The largest difference of two numbers, over the largest number of the reference. */
  readonly relative: number;
}

/** The tensor that differs most from its reference. @throws {InvariantError} if one has no reference, or one of another length. */
export function largestDistance(tensors: Readonly<Record<string, Tensor>>, reference: ReadonlyMap<string, Tensor>): Distance {
  const distances = Object.entries(tensors).map(([name, tensor]): Distance => {
    const relative = relativeDistance(tensor, present(reference.get(name), `the reference of ${name}`));
    return { name, relative };
  });
  return present(distances.sort((a, b) => b.relative - a.relative)[0], "a tensor to compare");
}

function relativeDistance(tensor: Tensor, reference: Tensor): number {
  invariant(tensor.data.length === reference.data.length, "two tensors to compare differ in size");
  let [apart, largest] = [0, 0];
  for (let at = 0; at < tensor.data.length; at++) {
    const expected = Number(reference.data[at]);
    const difference = Math.abs(Number(tensor.data[at]) - expected);
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
    apart = Math.max(apart, difference);
    largest = Math.max(largest, Math.abs(expected));
  }
  return apart === 0 ? 0 : apart / largest;
}
