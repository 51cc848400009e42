import { describe, expect, it } from "vitest";
import { caseGraph, caseTensors, floatInputs, type OperationCase } from "../../test/support/engine/operation-case.ts";
import { numericGradient } from "../../test/support/engine/numeric-gradient.ts";
import { expectClose } from "../../test/support/engine/expect-close.ts";
import { OPERATION_CASES } from "../../test/support/engine/operation-cases.ts";
import { GraphError, present } from "../errors/families.ts";
import { differentiate, gradientName } from "./autodiff/differentiate.ts";
import { RULES } from "./autodiff/rules.ts";
import { expandComposites } from "./graph/expand-composites.ts";
import type { Graph } from "./graph/graph-builder.ts";
import { isComposite, type OperationName } from "./graph/operations.ts";
import { denseOf, type Dense } from "./graph/reference/dense.ts";
import { evaluateDense } from "./graph/reference/evaluate.ts";
import { GraphSession } from "./runtime/graph-session.ts";
import type { Tensor } from "./tensor/tensor.ts";

/** Float32 kernels against double precision, relative to the largest number of the tensor. */
const FORWARD_TOLERANCE = 3e-6;
const BACKWARD_TOLERANCE = 2e-5;
/** Gradients in double precision against central differences with step 1e-5; constants in graphs are rounded to float32. */
const DIFFERENCE_TOLERANCE = 1e-7;
/** Both in double precision; constants in graphs are rounded to float32. */
const EXPANSION_TOLERANCE = 1e-7;

const ALL = Object.entries(OPERATION_CASES) as [OperationName, readonly OperationCase[]][];

interface Entry {
  readonly name: string;
  readonly operation: OperationName;
  readonly operationCase: OperationCase;
}

const ENTRIES: readonly Entry[] = ALL.flatMap(([operation, cases]) =>
  cases.map((operationCase) => ({ name: `${operation}, ${operationCase.title}`, operation, operationCase })),
);
const DIFFERENTIABLE = ENTRIES.filter(({ operation, operationCase }) => RULES[operation] !== "none" && isDifferentiable(operationCase));
const COMPOSITE = ENTRIES.filter(({ operation }) => isComposite(operation));

describe("ONNX Runtime equals the reference", () => {
  it.each(ENTRIES)("$name", async ({ operation, operationCase }) => {
    const { graph, tensors, dense } = prepare(operationCase);
    expect(graph.values.map((value) => value.operation)).toContain(operation);
    const expected = evaluateDense(graph, dense);
    const results = await runOnce(graph, tensors);
    for (const name of graph.outputs.keys())
      expectClose(denseOf(present(results[name], name)), present(expected[name], name), FORWARD_TOLERANCE);
  });
});

describe("gradients equal central differences", () => {
  it.each(DIFFERENTIABLE)("$name", async ({ operationCase }) => {
    const { graph, tensors, dense } = prepare(operationCase);
    const inputs = floatInputs(operationCase);
    const backward = differentiate(graph, { losses: ["loss"], inputs });
    const exact = evaluateDense(backward, dense);
    const results = await runOnce(backward, tensors);
    for (const input of inputs) {
      const gradient = present(exact[gradientName(input)], input);
      expectClose(gradient, numericGradient(graph, dense, input), DIFFERENCE_TOLERANCE);
      expectClose(denseOf(present(results[gradientName(input)], input)), gradient, BACKWARD_TOLERANCE);
    }
  });
});

describe("the expansion equals the reference", () => {
  it.each(COMPOSITE)("$name", ({ operation, operationCase }) => {
    const { graph, dense } = prepare(operationCase);
    const expanded = expandComposites(graph, (value) => value.operation === operation);
    expect(expanded.values.map((value) => value.operation)).not.toContain(operation);
    expectClose(present(evaluateDense(expanded, dense)["y"], "y"), present(evaluateDense(graph, dense)["y"], "y"), EXPANSION_TOLERANCE);
  });
});

describe("operations without gradient", () => {
  const without = ALL.filter(([operation]) => RULES[operation] === "none" && !["input", "constant", "external"].includes(operation));
  it.each(without)("%s passes none", (operation, [operationCase]) => {
    const { graph } = prepare(present(operationCase, operation));
    const [input] = floatInputs(present(operationCase, operation));
    if (!graph.outputs.has("loss") || input === undefined || operation === "dimension" || operation === "iota") return;
    expect(() => differentiate(graph, { losses: ["loss"], inputs: [input] })).toThrow(GraphError);
  });
});

interface Prepared {
  readonly graph: Graph;
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly dense: Readonly<Record<string, Dense>>;
}

function prepare(operationCase: OperationCase): Prepared {
  const graph = caseGraph(operationCase);
  const tensors = caseTensors(operationCase, graph);
  return { graph, tensors, dense: Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, denseOf(tensor)])) };
}

function isDifferentiable(operationCase: OperationCase): boolean {
  return floatInputs(operationCase).length > 0 && caseGraph(operationCase).outputs.has("loss");
}

async function runOnce(graph: Graph, tensors: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>> {
  const session = await GraphSession.create(graph, { threads: 1 });
  try {
    return await session.run(tensors);
  } finally {
    await session.dispose();
  }
}
