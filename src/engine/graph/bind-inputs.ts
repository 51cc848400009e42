import { ShapeError } from "../../errors/families.ts";
import type { Bindings } from "./dimension.ts";
import { pureSymbol } from "./symbol-inputs.ts";
import type { Signature } from "./infer.ts";

/** Numbers that the given inputs give to the graph's symbols: the lengths of axes that are one symbol. @throws {ShapeError} if an input is missing. */
export function bindInputs(
  graph: { readonly inputs: ReadonlyMap<string, Signature> },
  inputs: Readonly<Record<string, { readonly shape: readonly number[] }>>,
): Bindings {
  const bindings: Record<string, number> = {};
  for (const [name, value] of graph.inputs) {
    const given = inputs[name];
    if (given === undefined) throw new ShapeError({ message: `the input "${name}" is missing`, details: { input: name } });
    value.shape.forEach((dimension, axis) => {
      const symbol = pureSymbol(dimension);
      if (symbol !== undefined) bindings[symbol] ??= given.shape[axis] ?? 0;
    });
  }
  return bindings;
}
