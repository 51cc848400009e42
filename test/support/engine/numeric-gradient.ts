import { present } from "../../../src/errors/families.ts";
import type { Graph } from "../../../src/engine/graph/graph-builder.ts";
import type { Dense } from "../../../src/engine/graph/reference/dense.ts";
import { evaluateDense } from "../../../src/engine/graph/reference/evaluate.ts";

const STEP = 1e-5;

/** The gradient of the output `loss` by an input, by central differences in double precision. */
export function numericGradient(graph: Graph, inputs: Readonly<Record<string, Dense>>, name: string): Dense {
  const original = present(inputs[name], name);
  const lossAt = (position: number, shift: number): number => {
    const data = Float64Array.from(original.data);
    data[position] = (data[position] as number) + shift;
    return evaluateDense(graph, { ...inputs, [name]: { ...original, data } })["loss"]?.data[0] as number;
  };
  const data = original.data.map((_, position) => (lossAt(position, STEP) - lossAt(position, -STEP)) / (2 * STEP));
  return { shape: original.shape, data };
}
