import { evaluateShape, type Bindings, type Shape } from "../../../src/engine/graph/dimension.ts";
import { GraphBuilder, type Graph } from "../../../src/engine/graph/graph-builder.ts";
import { mul, reduceSum } from "../../../src/engine/graph/operators.ts";
import type { Value } from "../../../src/engine/graph/value.ts";
import { allocate, sizeOf, tensorOf, type DType, type Tensor } from "../../../src/engine/tensor/tensor.ts";
import { RandomStream } from "../../../src/random/random-stream.ts";

/** One input of a case: its shape, and how each of its numbers is drawn. */
export interface CaseInput {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly draw: (random: RandomStream) => number;
}

/** An operation on some inputs. */
export interface OperationCase {
  readonly title: string;
  readonly inputs: readonly CaseInput[];
  readonly build: (...inputs: readonly Value[]) => Value;
  /** Numbers for the symbols in the inputs' shapes. */
  readonly bindings?: Bindings;
}

/** At least one case. */
export type Cases = readonly [OperationCase, ...OperationCase[]];

/** Normally distributed float32. */
export function normal(...shape: Shape): CaseInput {
  return { shape, dtype: "float32", draw: (random) => random.normal() };
}

/** Float32 in [0.5, 2.5). */
export function positive(...shape: Shape): CaseInput {
  return { shape, dtype: "float32", draw: (random) => 0.5 + 2 * random.uniform() };
}

/** Float32 that are whole numbers in [0, limit), so that some are equal. */
export function whole(limit: number, ...shape: Shape): CaseInput {
  return { shape, dtype: "float32", draw: (random) => random.integer(limit) };
}

/** Int32 in [0, limit). */
export function integers(limit: number, ...shape: Shape): CaseInput {
  return { shape, dtype: "int32", draw: (random) => random.integer(limit) };
}

/** Signed bytes. */
export function bytes(...shape: Shape): CaseInput {
  return { shape, dtype: "int8", draw: (random) => random.integer(255) - 127 };
}

/** Bytes. */
export function unsignedBytes(...shape: Shape): CaseInput {
  return { shape, dtype: "uint8", draw: (random) => random.integer(256) };
}

export function booleans(...shape: Shape): CaseInput {
  return { shape, dtype: "bool", draw: (random) => random.integer(2) };
}

/** Name of a case's input in its graph. */
function inputName(position: number): string {
  return `input${position}`;
}

/** Names of the inputs that gradients are taken of. */
export function floatInputs({ inputs }: OperationCase): string[] {
  return inputs.flatMap(({ dtype }, position) => (dtype === "float32" ? [inputName(position)] : []));
}

/** The case as a graph with output `y`, and if y is float32 `loss`, the sum of y times the input `cotangent`. */
export function caseGraph({ inputs, build }: OperationCase): Graph {
  const builder = new GraphBuilder();
  const y = build(...inputs.map(({ dtype, shape }, position) => builder.input(inputName(position), dtype, shape)));
  if (y.dtype !== "float32") return builder.finish({ y });
  const cotangent = builder.input("cotangent", "float32", y.shape);
  const axes = y.shape.map((_, axis) => axis);
  return builder.finish({ y, loss: reduceSum(mul(y, cotangent), axes) });
}

/** Numbers for every input of the case's graph; the same on each call. */
export function caseTensors({ title, inputs, bindings = {} }: OperationCase, graph: Graph): Record<string, Tensor> {
  const drawn = [...graph.inputs].map(([name, value]) => {
    const input = inputs.find((_, position) => inputName(position) === name) ?? normal(...value.shape);
    return [name, sample(input, bindings, new RandomStream(title, name))] as const;
  });
  return Object.fromEntries(drawn);
}

function sample({ shape, dtype, draw }: CaseInput, bindings: Bindings, random: RandomStream): Tensor {
  const lengths = evaluateShape(shape, bindings);
  const data = allocate(dtype, sizeOf(lengths));
  for (let at = 0; at < data.length; at++) {
    if (data instanceof BigInt64Array) data[at] = BigInt(draw(random));
    else data[at] = draw(random);
  }
  return tensorOf(dtype, lengths, data);
}
