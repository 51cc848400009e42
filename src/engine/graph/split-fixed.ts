import { present } from "../../errors/families.ts";
import { tensorType } from "../tensor/tensor.ts";
import { GraphBuilder, type Graph } from "./graph-builder.ts";
import { copyValue, rebuildGraph } from "./rebuild.ts";
import type { Value } from "./value.ts";

/** A graph in two, of which the first need not run again while some inputs stay as they are. */
export interface SplitGraph {
  /** What depends on the fixed inputs alone; its outputs are named as the inputs of {@link rest} that take them. */
  readonly fixed: Graph;
  /** All else. */
  readonly rest: Graph;
}

/**
 * Parts off what a graph computes from fixed inputs and constants alone, as weights that are laid out anew: only what has a shape in numbers.
 * Undefined where there is nothing of the kind.
 */
export function splitFixed(graph: Graph, isFixedInput: (name: string) => boolean): SplitGraph | undefined {
  const fixed = fixedValues(graph, isFixedInput);
  const borders = borderValues(graph, fixed);
  if (borders.size === 0) return undefined;
  const rest = rebuildGraph(graph, (value, _, builder) => {
    const name = borders.get(value);
    return name === undefined ? undefined : builder.input(name, tensorType(value.dtype), value.shape);
  });
  return { fixed: graphOf(graph, fixed, borders), rest };
}

function fixedValues({ values }: Graph, isFixedInput: (name: string) => boolean): ReadonlySet<Value> {
  const fixed = new Set<Value>();
  const isFixed = (value: Value): boolean => {
    if (value.shape.some((dimension) => typeof dimension !== "number")) return false;
    if (value.operation === "input") return isFixedInput(value.attributes.name);
    return (
      value.inputs.some((input) => fixed.has(input)) && value.inputs.every((input) => fixed.has(input) || input.operation === "constant")
    );
  };
  for (const value of values) if (isFixed(value)) fixed.add(value);
  return fixed;
}

/** The fixed values that something else needs, with the names that they get. */
function borderValues({ values, outputs }: Graph, fixed: ReadonlySet<Value>): ReadonlyMap<Value, string> {
  const needed = new Set([...values.filter((value) => !fixed.has(value)).flatMap(({ inputs }) => inputs), ...outputs.values()]);
  const borders = [...needed].filter((value) => fixed.has(value) && value.operation !== "input");
  return new Map(borders.map((value) => [value, `fixed:${value.id}`]));
}

/** The fixed values up to the borders. */
function graphOf({ values }: Graph, fixed: ReadonlySet<Value>, borders: ReadonlyMap<Value, string>): Graph {
  const builder = new GraphBuilder();
  const copies = new Map<Value, Value>();
  for (const value of values) {
    if (!fixed.has(value) && value.operation !== "constant") continue;
    const inputs = value.inputs.map((input) => present(copies.get(input), "a copied value"));
    copies.set(
      value,
      builder.at(value, () => copyValue(builder, value, inputs)),
    );
  }
  return builder.finish(Object.fromEntries([...borders].map(([value, name]) => [name, present(copies.get(value), name)])));
}
