import { symbolsOf, type Dimension } from "./dimension.ts";
import type { Value } from "./value.ts";

/**
 * Inputs that the needed values do not read but whose shape they ask for: each gives a symbol that an operation counts with
 * (a reshape to `[batch, ...]`, say) and that no needed input has as an axis.
 */
export function symbolInputs(needed: ReadonlySet<Value>, inputs: Iterable<Value>): Value[] {
  const missing = new Set([...needed].flatMap(countedDimensions).flatMap(symbolsOf));
  const provide = (input: Value): boolean =>
    input.shape.map(pureSymbol).filter((name) => name !== undefined && missing.delete(name)).length > 0;
  const [own, others] = [[] as Value[], [] as Value[]];
  for (const input of inputs) (needed.has(input) ? own : others).push(input);
  own.forEach(provide);
  return others.filter(provide);
}

/** The symbol that a dimension is, if it is one alone. */
export function pureSymbol(dimension: Dimension): string | undefined {
  const [name] = symbolsOf(dimension);
  return typeof dimension !== "number" && dimension.key === name ? name : undefined;
}

/** Dimensions whose number an operation needs when it runs. */
function countedDimensions(value: Value): readonly Dimension[] {
  switch (value.operation) {
    case "dimension":
      return [value.attributes.dimension];
    case "iota":
      return [value.attributes.length];
    case "reshape":
    case "expand":
      return value.attributes.shape;
    case "slice":
      return [value.attributes.start, value.attributes.end];
    case "pad":
      return [value.attributes.before, value.attributes.after];
    case "scatterAdd":
      return [value.attributes.rows];
    default:
      return [];
  }
}
