import { invariant } from "../../errors/families.ts";
import { divideDimensions, multiplyDimensions, type Dimension } from "./dimension.ts";
import { add, concat, div, erf, matmul, mul, reduceMean, reshape, sigmoid, slice, softmax, sqrt, square, sub, tanh } from "./operators.ts";
import type { CompositeName } from "./operations.ts";
import type { Value, ValueOf } from "./value.ts";

type Expansion<K extends CompositeName> = (inputs: readonly Value[], attributes: ValueOf<K>["attributes"]) => Value;

/** A composite operation rebuilt from primitive ones, on other inputs if given. */
export function expandComposite<K extends CompositeName>(value: ValueOf<K>, inputs: readonly Value[] = value.inputs): Value {
  const expansion: Expansion<K> = EXPANSIONS[value.operation];
  return expansion(inputs, value.attributes);
}

const EXPANSIONS: { readonly [K in CompositeName]: Expansion<K> } = {
  silu: ([x]) => mul(some(x), sigmoid(some(x))),
  gelu: ([x], { approximation }) => {
    const input = some(x);
    switch (approximation) {
      case "erf":
        return mul(mul(input, 0.5), add(erf(mul(input, Math.SQRT1_2)), 1));
      case "tanh":
        return mul(mul(input, 0.5), add(tanh(mul(mul(input, add(mul(square(input), 0.044715), 1)), Math.sqrt(2 / Math.PI))), 1));
      case "quick":
        return mul(input, sigmoid(mul(input, 1.702)));
    }
  },
  rmsNorm: ([x, weight], { epsilon }) => mul(div(some(x), sqrt(add(reduceMean(square(some(x)), [-1], true), epsilon))), some(weight)),
  layerNorm: ([x, weight, bias], { epsilon }) => {
    const centred = sub(some(x), reduceMean(some(x), [-1], true));
    const deviation = sqrt(add(reduceMean(square(centred), [-1], true), epsilon));
    return add(mul(div(centred, deviation), some(weight)), some(bias));
  },
  rotary: ([x, cosines, sines]) => {
    const input = some(x);
    const [batch, , tokens, width] = input.shape as [Dimension, Dimension, Dimension, Dimension];
    const half = divideDimensions(width, 2);
    const perHead = (table: Value): Value => reshape(table, [batch, 1, tokens, half]);
    const [cos, sin] = [perHead(some(cosines)), perHead(some(sines))];
    const [first, second] = [slice(input, -1, [0, half]), slice(input, -1, [half, width])];
    return concat([sub(mul(first, cos), mul(second, sin)), add(mul(second, cos), mul(first, sin))], -1);
  },
  attention: ([query, key, value, bias], { scale }) =>
    expandAttention({ query: some(query), key: some(key), value: some(value), bias, scale }),
};

interface Attention {
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
  readonly bias: Value | undefined;
  readonly scale: number;
}

/** Query heads of one group become rows of one matrix, so that keys and values are never repeated. */
function expandAttention({ query, key, value, bias, scale }: Attention): Value {
  const [batch, heads, tokens, width] = query.shape as [Dimension, Dimension, Dimension, Dimension];
  const [, groups, keys] = key.shape as [Dimension, Dimension, Dimension];
  const rows = multiplyDimensions(divideDimensions(heads, groups), tokens);
  const grouped = mul(reshape(query, [batch, groups, rows, width]), scale); // ONNX Runtime merges a scale beside a product into it
  const products = reshape(matmul(grouped, key, { transposeB: true }), [batch, heads, tokens, keys]);
  const weights = softmax(bias === undefined ? products : add(products, bias));
  const mixed = matmul(reshape(weights, [batch, groups, rows, keys]), value);
  return reshape(mixed, [batch, heads, tokens, value.shape[3] as Dimension]);
}

function some(value: Value | undefined): Value {
  invariant(value !== undefined, "an input of a composite operation is missing");
  return value;
}
