import { sameShape } from "../graph/dimension.ts";
import type { Graph, Value, ValueOf } from "../graph/value.ts";

/** Inverse lengths that RMS norms of the same graph give beside their output, and all values that this makes needless. */
export interface InverseNorms {
  /** The norm that has it, by the value `1 / √(mean(x²) + ε)`. */
  readonly normOf: ReadonlyMap<Value, ValueOf<"rmsNorm">>;
  readonly absorbed: ReadonlySet<Value>;
}

/** Finds what the backward pass of an RMS norm computes anew and the forward pass's kernel has on the way: two passes over x less. */
export function planInverseNorms(graph: Graph): InverseNorms {
  const norms: ValueOf<"rmsNorm">[] = [];
  const normOf = new Map<Value, ValueOf<"rmsNorm">>();
  const chains = new Set<Value>();
  for (const value of graph.values) {
    if (value.operation === "rmsNorm") norms.push(value);
    const inverse = inverseLength(value);
    const norm = inverse && norms.find((made) => hasInverse(made, inverse));
    if (inverse === undefined || norm === undefined) continue;
    normOf.set(value, norm);
    for (const each of inverse.chain) chains.add(each);
  }
  return { normOf, absorbed: needless(graph, chains, normOf) };
}

interface InverseLength {
  readonly of: Value;
  readonly epsilon: number;
  /** The values between the two. */
  readonly chain: readonly Value[];
}

function inverseLength(value: Value): InverseLength | undefined {
  if (value.operation !== "div" || constantOf(value.inputs[0]) !== 1) return undefined;
  const root = value.inputs[1] as Value;
  const sum = root.operation === "sqrt" ? (root.inputs[0] as Value) : undefined;
  const epsilon = sum?.operation === "add" ? constantOf(sum.inputs[1]) : undefined;
  const mean = sum?.inputs[0];
  if (sum === undefined || epsilon === undefined || mean?.operation !== "reduceMean") return undefined;
  const square = mean.inputs[0] as Value;
  const [of, again] = square.inputs as readonly [Value, Value?];
  if (square.operation !== "mul" || of !== again || !sameShape(mean.shape, [...of.shape.slice(0, -1), 1])) return undefined;
  return { of, epsilon, chain: [root, sum, mean, square] };
}

function hasInverse({ inputs, attributes, dtype }: ValueOf<"rmsNorm">, { of, epsilon }: InverseLength): boolean {
  return inputs[0] === of && Math.fround(attributes.epsilon) === epsilon && dtype === "float32";
}

/** The number that a scalar constant holds. */
function constantOf(value: Value | undefined): number | undefined {
  return value?.operation === "constant" && value.shape.length === 0 ? Number(value.attributes.tensor.data[0]) : undefined;
}

/** Those of the chains that nothing reads but another of them, or what is taken from the norm. */
function needless(graph: Graph, chains: ReadonlySet<Value>, normOf: InverseNorms["normOf"]): ReadonlySet<Value> {
  const absorbed = new Set<Value>();
  const needed = new Set<Value>(graph.outputs.values());
  for (const value of [...graph.values].reverse()) {
    if (chains.has(value) && !needed.has(value)) absorbed.add(value);
    else if (!normOf.has(value)) for (const input of value.inputs) needed.add(input);
  }
  return absorbed;
}
