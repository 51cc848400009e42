import { dimensionKey, formatShape, type Dimension } from "./dimension.ts";
import type { OperationName } from "./operations.ts";
import type { Graph, Value } from "./value.ts";

/**
 * A graph as readable text, one line per value: `%7 = matmul(%x, %3) transposeB : float32 [batch, 8]  # layers.0`. Values are numbered
 * in order, so equal graphs print equally.
 */
export function printGraph(graph: Graph): string {
  const names = new Map<Value, string>();
  let count = 0;
  for (const value of graph.values) names.set(value, nameOf(value) ?? `%${count++}`);
  const named = (value: Value): string => names.get(value) ?? "%?";
  const inputs = [...graph.inputs].map(([name, value]) => `  ${name}: ${signature(value)}`);
  const lines = graph.values.flatMap((value) => (value.operation === "input" ? [] : [`  ${printValue(value, named)}`]));
  const outputs = [...graph.outputs].map(([name, value]) => `  ${name} = ${named(value)}`);
  return ["inputs", ...inputs, "values", ...lines, "outputs", ...outputs].join("\n");
}

function printValue(value: Value, named: (value: Value) => string): string {
  const attributes = printAttributes(value);
  const call = `${value.operation}(${value.inputs.map(named).join(", ")})`;
  const places = [value.scope, value.region === undefined ? "" : `region ${value.region}`].filter((place) => place !== "");
  const comment = places.length === 0 ? "" : `  # ${places.join(", ")}`;
  return `${named(value)} = ${call}${attributes === "" ? "" : ` ${attributes}`} : ${signature(value)}${comment}`;
}

function nameOf(value: Value): string | undefined {
  return value.operation === "input" || value.operation === "external" ? `%${value.attributes.name}` : undefined;
}

function signature({ dtype, shape }: Value): string {
  return `${dtype} ${formatShape(shape)}`;
}

/** Attributes that the line does not show elsewhere: `{axis: 1, start: 0, end: tokens}`. */
function printAttributes(value: Value): string {
  if (value.operation === "constant")
    return printConstant(Array.from(value.attributes.tensor.data.slice(0, 5) as ArrayLike<unknown>, String));
  if (value.operation === "external") return `${value.attributes.data.byteLength} bytes`;
  const hidden = SHOWN_BY_SHAPE.has(value.operation);
  const entries = Object.entries(value.attributes).filter(([key, attribute]) => attribute !== false && !(hidden && key === "shape"));
  return entries.length === 0 ? "" : `{${entries.map(([key, attribute]) => `${key}: ${printAttribute(attribute)}`).join(", ")}}`;
}

const SHOWN_BY_SHAPE: ReadonlySet<OperationName> = new Set<OperationName>(["reshape", "expand"]);

function printConstant(elements: readonly string[]): string {
  return elements.length < 5 ? elements.join(", ") : `${elements.slice(0, 4).join(", ")}, ...`;
}

function printAttribute(attribute: unknown): string {
  if (Array.isArray(attribute)) return `[${attribute.map(printAttribute).join(", ")}]`;
  return typeof attribute === "object" && attribute !== null ? dimensionKey(attribute as Dimension) : String(attribute);
}
