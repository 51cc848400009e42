import type { OperationAttributes } from "../operations.ts";
import { at, tabulate, type Dense } from "./dense.ts";
import { UNARY } from "./elementwise.ts";
import { mapRowsReference, softmaxReference } from "./reductions.ts";

/** Gaussian error linear unit of one number. */
export function geluReference(x: number, approximation: OperationAttributes["gelu"]["approximation"]): number {
  switch (approximation) {
    case "erf":
      return 0.5 * x * (1 + UNARY.erf(x / Math.SQRT2));
    case "tanh":
      return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
    case "quick":
      return x * UNARY.sigmoid(1.702 * x);
  }
}

export function rmsNormReference(x: Dense, weight: Dense, epsilon: number): Float64Array {
  return mapRowsReference(x, (row) => {
    const root = Math.sqrt(mean(row.map((element) => element ** 2)) + epsilon);
    return row.map((element, column) => (element / root) * at(weight, [column]));
  });
}

export function layerNormReference(x: Dense, { weight, bias, epsilon }: { weight: Dense; bias: Dense; epsilon: number }): Float64Array {
  return mapRowsReference(x, (row) => {
    const centre = mean(row);
    const deviation = Math.sqrt(mean(row.map((element) => (element - centre) ** 2)) + epsilon);
    return row.map((element, column) => ((element - centre) / deviation) * at(weight, [column]) + at(bias, [column]));
  });
}

/** Each pair `(x[i], x[i + W/2])` is a complex number, multiplied by `cos + i sin` of its token. */
export function rotaryReference(x: Dense, cosines: Dense, sines: Dense): Float64Array {
  const half = (x.shape[3] as number) / 2;
  return tabulate(x.shape, ([batch, head, token, column]: readonly number[]) => {
    const pair = (column as number) % half;
    const angle = [batch as number, token as number, pair];
    const [real, imaginary] = [pair, pair + half].map((each) => at(x, [batch as number, head as number, token as number, each])) as [
      number,
      number,
    ];
    const [cos, sin] = [at(cosines, angle), at(sines, angle)];
    return column === pair ? real * cos - imaginary * sin : imaginary * cos + real * sin;
  });
}

interface AttentionReference {
  readonly query: Dense;
  readonly key: Dense;
  readonly value: Dense;
  readonly bias: Dense | undefined;
  readonly scale: number;
}

/** Query head h reads key-value head `floor(h * G / H)`. */
export function attentionReference({ query, key, value, bias, scale }: AttentionReference): Float64Array {
  const [batch, heads, tokens, width] = query.shape as [number, number, number, number];
  const [, groups, keys] = key.shape as [number, number, number];
  const groupOf = (head: number): number => Math.floor((head * groups) / heads);
  const scored = [batch, heads, tokens, keys];
  const scores = tabulate(scored, (index) => {
    const [b, h, t, s] = index as [number, number, number, number];
    let sum = 0;
    for (let w = 0; w < width; w++) sum += at(query, [b, h, t, w]) * at(key, [b, groupOf(h), s, w]);
    return scale * sum + (bias === undefined ? 0 : at(bias, index));
  });
  const weights: Dense = { shape: scored, data: softmaxReference({ shape: scored, data: scores }) };
  return tabulate([batch, heads, tokens, value.shape[3] as number], ([b, h, t, v]: readonly number[]) => {
    let sum = 0;
    for (let s = 0; s < keys; s++)
      sum += at(weights, [b as number, h as number, t as number, s]) * at(value, [b as number, groupOf(h as number), s, v as number]);
    return sum;
  });
}

function mean(numbers: Float64Array): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
