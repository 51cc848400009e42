import type { Tensor } from "../../engine/tensor/tensor.ts";
import { WeightsError } from "../../errors/families.ts";
import type { NamedTensors } from "./optimizer.ts";

/**
 * Copies saved tensors into the ones in use, by name; further saved ones are ignored.
 * @throws {WeightsError} if one is missing or of another shape; nothing is changed then.
 */
export function restoreTensors(inUse: NamedTensors, saved: ReadonlyMap<string, Tensor>): void {
  const found = [...inUse].map(([name, tensor]) => {
    const source = saved.get(name);
    if (source?.dtype === "float32" && sameShape(source.shape, tensor.shape)) return { into: tensor.data, from: source.data };
    const actual = source === undefined ? "none" : `${source.dtype} [${source.shape.join(", ")}]`;
    throw new WeightsError({
      message: `the saved tensor "${name}" does not fit: expected float32 [${tensor.shape.join(", ")}], found ${actual}; resume with the recipe that wrote it`,
      details: { tensor: name, expected: tensor.shape, actual },
    });
  });
  for (const { into, from } of found) into.set(from);
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}
