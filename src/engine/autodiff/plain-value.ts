import type { Value } from "../graph/value.ts";

/** A value without the reshapes and orderings around it, and what is ordered before it. */
export function plainValue(value: Value): { readonly plain: Value; readonly earlier: readonly Value[] } {
  const earlier: Value[] = [];
  let plain = value;
  while (plain.operation === "reshape" || plain.operation === "after") {
    earlier.push(...plain.inputs.slice(1));
    plain = plain.inputs[0] as Value;
  }
  return { plain, earlier };
}
