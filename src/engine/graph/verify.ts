import { GraphError, ShapeError } from "../../errors/families.ts";
import { formatShape, sameShape } from "./dimension.ts";
import { inferSignature } from "./infer.ts";
import { describeValue, traceOf } from "./trace.ts";
import type { Graph, Value } from "./value.ts";

/**
 * Checks a graph's rules: every value comes after its inputs and from the same builder, has the type and shape its operation gives,
 * names of inputs, outputs and external tensors are unique, and all outputs are there.
 * @param stage what made the graph, for the message: `building`, `autodiff`, ...
 * @throws {GraphError} with the trace of operations that led to the value that breaks a rule.
 */
export function verifyGraph(graph: Graph, stage: string): void {
  const fail = (problem: string, value: Value): never => {
    throw new GraphError({
      message: `the graph is broken after ${stage}: ${describeValue(value)}: ${problem}`,
      details: { stage, trace: traceOf(value) },
    });
  };
  const known = new Set<Value>();
  for (const value of graph.values) {
    const problem = problemOfValue(value, known);
    if (problem !== undefined) fail(problem, value);
    known.add(value);
  }
  for (const [name, value] of graph.inputs) {
    const problem = problemOfInput(name, value, known);
    if (problem !== undefined) fail(problem, value);
  }
  const taken = new Set(graph.inputs.keys());
  for (const value of graph.values) {
    if (value.operation === "input" && graph.inputs.get(value.attributes.name) !== value) fail("it is no input of the graph", value);
    if (value.operation !== "external") continue;
    if (taken.has(value.attributes.name)) fail(`the name "${value.attributes.name}" is taken by another input or external tensor`, value);
    taken.add(value.attributes.name);
  }
  for (const [name, value] of graph.outputs) {
    if (!known.has(value)) fail(`the output "${name}" is not computed by the graph`, value);
    if (taken.has(name)) fail(`the output "${name}" has the name of an input or external tensor; rename one`, value);
  }
}

function problemOfValue(value: Value, known: ReadonlySet<Value>): string | undefined {
  if (known.has(value)) return "it is listed twice";
  const [first] = known;
  if (first !== undefined && first.builder !== value.builder) return "it belongs to another builder than the values before it";
  const foreign = value.inputs.find((input) => !known.has(input));
  if (foreign !== undefined) return `its input %${foreign.id} (${foreign.operation}) is not among the values before it`;
  return value.operation === "input" || value.operation === "external" ? undefined : problemOfSignature(value);
}

function problemOfSignature(value: Value): string | undefined {
  try {
    const { dtype, shape } = inferSignature(value.operation, value.inputs, value.attributes);
    if (dtype === value.dtype && sameShape(shape, value.shape)) return undefined;
    return `its operation gives ${dtype} ${formatShape(shape)}`;
  } catch (error) {
    if (error instanceof ShapeError) return error.message;
    throw error;
  }
}

function problemOfInput(name: string, value: Value, known: ReadonlySet<Value>): string | undefined {
  if (value.operation !== "input") return `the input "${name}" is no input operation`;
  if (value.attributes.name !== name) return `the input "${name}" calls itself "${value.attributes.name}"`;
  return known.has(value) ? undefined : `the input "${name}" is not among the values`;
}
