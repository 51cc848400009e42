import { addDimensions, symbol, type Shape } from "../../../../src/engine/graph/dimension.ts";
import type { CompositeName } from "../../../../src/engine/graph/operations.ts";
import { attention, gelu, layerNorm, rmsNorm, rotary, silu } from "../../../../src/engine/graph/operators.ts";
import type { Value } from "../../../../src/engine/graph/value.ts";
import { normal, positive, type Cases, type OperationCase } from "../operation-case.ts";

const [batch, tokens] = [symbol("batch"), symbol("tokens")];
const bindings = { batch: 2, tokens: 3 };

function elementwise(build: (x: Value) => Value): Cases {
  return [
    { title: "a vector", inputs: [normal(17)], build },
    { title: "symbolic", inputs: [normal(batch, tokens, 3)], bindings, build },
  ];
}

function geluCases(approximation: "erf" | "tanh" | "quick"): Cases {
  const [first, second] = elementwise((x) => gelu(x, approximation)) as readonly [OperationCase, OperationCase];
  return [
    { ...first, title: `${approximation}, ${first.title}` },
    { ...second, title: `${approximation}, ${second.title}` },
  ];
}

interface AttentionShapes {
  readonly query: Shape;
  readonly key: Shape;
  readonly value?: Shape;
  readonly bias?: Shape;
}

function attentionCase(title: string, { query, key, value = key, bias }: AttentionShapes): OperationCase {
  const inputs = [normal(...query), normal(...key), normal(...value), ...(bias === undefined ? [] : [normal(...bias)])];
  return {
    title,
    inputs,
    bindings,
    build: (q: Value, k: Value, v: Value, b?: Value) =>
      attention({ query: q, key: k, value: v, ...(b === undefined ? {} : { bias: b }), scale: 0.6 }),
  };
}

const keys = addDimensions(tokens, 2);

export const COMPOSITE_CASES: Readonly<Record<CompositeName, Cases>> = {
  silu: elementwise(silu),
  gelu: [...geluCases("erf"), ...geluCases("tanh"), ...geluCases("quick")],
  rmsNorm: [
    { title: "a matrix", inputs: [normal(3, 7), positive(7)], build: (x: Value, weight: Value) => rmsNorm(x, weight, 1e-5) },
    { title: "a large epsilon", inputs: [normal(3, 7), positive(7)], build: (x: Value, weight: Value) => rmsNorm(x, weight, 0.5) },
    {
      title: "symbolic",
      inputs: [normal(batch, tokens, 16), positive(16)],
      bindings,
      build: (x: Value, weight: Value) => rmsNorm(x, weight, 1e-6),
    },
    { title: "over heads", inputs: [normal(2, 3, 2, 4), positive(4)], build: (x: Value, weight: Value) => rmsNorm(x, weight, 1e-6) },
  ],
  layerNorm: [
    {
      title: "a matrix",
      inputs: [normal(3, 7), positive(7), normal(7)],
      build: (x: Value, weight: Value, bias: Value) => layerNorm(x, { weight, bias, epsilon: 1e-5 }),
    },
    {
      title: "symbolic",
      inputs: [normal(batch, tokens, 16), positive(16), normal(16)],
      bindings,
      build: (x: Value, weight: Value, bias: Value) => layerNorm(x, { weight, bias, epsilon: 0.1 }),
    },
  ],
  rotary: [
    { title: "numbers", inputs: [normal(2, 3, 5, 4), normal(2, 5, 2), normal(2, 5, 2)], build: rotary },
    { title: "one pair", inputs: [normal(1, 2, 3, 2), normal(1, 3, 1), normal(1, 3, 1)], build: rotary },
    {
      title: "symbolic",
      inputs: [normal(batch, 2, tokens, 16), normal(batch, tokens, 8), normal(batch, tokens, 8)],
      bindings,
      build: rotary,
    },
  ],
  attention: [
    attentionCase("one head", { query: [1, 1, 3, 4], key: [1, 1, 5, 4] }),
    attentionCase("several heads", { query: [2, 3, 4, 2], key: [2, 3, 4, 2] }),
    attentionCase("grouped queries", { query: [2, 6, 3, 4], key: [2, 2, 5, 4] }),
    attentionCase("one group for all heads", { query: [2, 3, 4, 2], key: [2, 1, 4, 2] }),
    attentionCase("a bias for all", { query: [2, 3, 4, 2], key: [2, 3, 5, 2], bias: [4, 5] }),
    attentionCase("a bias for each input", { query: [2, 3, 4, 2], key: [2, 3, 5, 2], bias: [2, 1, 4, 5] }),
    attentionCase("a bias for each head", { query: [2, 3, 4, 2], key: [2, 3, 5, 2], bias: [1, 3, 4, 5] }),
    attentionCase("a bias for keys only", { query: [2, 3, 4, 2], key: [2, 3, 5, 2], bias: [2, 1, 1, 5] }),
    attentionCase("a bias of its own for all", { query: [2, 3, 4, 2], key: [2, 1, 5, 2], bias: [2, 3, 4, 5] }),
    attentionCase("values of another width", { query: [2, 4, 3, 6], key: [2, 2, 5, 6], value: [2, 2, 5, 3], bias: [3, 5] }),
    attentionCase("symbolic, grouped, prefixed", {
      query: [batch, 4, tokens, 2],
      key: [batch, 2, keys, 2],
      bias: [batch, 1, tokens, keys],
    }),
  ],
};
