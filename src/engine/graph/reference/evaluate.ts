import { present, ShapeError } from "../../../errors/families.ts";
import { isHalf, tensorType, type ElementType, type Tensor } from "../../tensor/tensor.ts";
import { bindInputs } from "../bind-inputs.ts";
import { evaluateShape, type Bindings } from "../dimension.ts";
import type { Graph } from "../graph-builder.ts";
import type { OperationName } from "../operations.ts";
import type { Value } from "../value.ts";
import { denseOf, tensorFrom, type Dense } from "./dense.ts";
import { roundToHalf } from "./round-half.ts";
import { REFERENCE, type Reference } from "./table.ts";

/**
 * Computes a graph by plain loops in double precision: slow, exact, and independent of ONNX Runtime. What tests compare with.
 * @throws {ShapeError} if an input is missing.
 */
export function evaluateDense(graph: Graph, inputs: Readonly<Record<string, Dense>>): Record<string, Dense> {
  const bindings = bindInputs(graph, inputs);
  const results = new Map<Value, Dense>();
  for (const value of graph.values) results.set(value, compute(value, { inputs, bindings, results }));
  return Object.fromEntries([...graph.outputs].map(([name, value]) => [name, present(results.get(value), name)]));
}

/** As {@link evaluateDense}, on tensors. */
export function evaluateGraph(graph: Graph, inputs: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  const dense = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, denseOf(tensor)]));
  const results = evaluateDense(graph, dense);
  return Object.fromEntries(
    [...graph.outputs].map(([name, value]) => [name, tensorFrom(present(results[name], name), tensorType(value.dtype))]),
  );
}

interface Run {
  readonly inputs: Readonly<Record<string, Dense>>;
  readonly bindings: Bindings;
  readonly results: ReadonlyMap<Value, Dense>;
}

function compute(value: Value, { inputs, bindings, results }: Run): Dense {
  const shape = evaluateShape(value.shape, bindings);
  if (value.operation === "input") return given(value.attributes.name, inputs, shape);
  const reference = REFERENCE[value.operation] as Reference<OperationName>;
  const operands = value.inputs.map((input) => present(results.get(input), "a computed input"));
  return {
    shape,
    data: stored(value.dtype, reference({ inputs: operands, attributes: value.attributes, shape, dtype: value.dtype, bindings })),
  };
}

/** The numbers as their type holds them, where that is one of 16 bits or of whole numbers, which wrap around. */
function stored(dtype: ElementType, data: Float64Array): Float64Array {
  if (isHalf(dtype)) return data.map((number) => roundToHalf(number, dtype));
  return dtype === "int32" ? data.map((number) => number | 0) : data;
}

function given(name: string, inputs: Run["inputs"], shape: readonly number[]): Dense {
  const input = present(inputs[name], name);
  if (input.shape.length === shape.length && input.shape.every((length, axis) => length === shape[axis])) return input;
  throw new ShapeError({
    message: `input "${name}": got [${input.shape.join(", ")}], expected [${shape.join(", ")}]`,
    details: { input: name, got: input.shape, expected: shape },
  });
}
