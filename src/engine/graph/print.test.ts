import { expect, it } from "vitest";
import { symbol } from "./dimension.ts";
import { GraphBuilder } from "./graph-builder.ts";
import { add, concat, gather, matmul, reshape, rmsNorm, slice, softmax } from "./operators.ts";
import { printGraph } from "./print.ts";

it("prints a graph line by line", () => {
  const g = new GraphBuilder();
  const [batch, tokens] = [symbol("batch"), symbol("tokens")];
  const ids = g.input("ids", "int32", [batch, tokens]);
  const table = g.external("embedding", [100, 8], { file: "weights", byteOffset: 0, byteLength: 3200 });
  const weight = g.input("norm", "float32", [8]);
  const y = g.scope("layers.0", () => {
    const hidden = gather(table, ids);
    const normed = g.recompute(() => rmsNorm(add(hidden, 0.5), weight, 1e-6));
    const scores = softmax(matmul(normed, normed, { transposeB: true }));
    return concat([slice(reshape(matmul(scores, hidden), [batch, tokens, 2, 4]), 2, [0, 1]), reshape(hidden, [batch, tokens, 2, 4])], 2);
  });
  expect(printGraph(g.finish({ y }))).toMatchInlineSnapshot(`
    "inputs
      ids: int32 [batch, tokens]
      norm: float32 [8]
    values
      %embedding = external() 3200 bytes : float32 [100, 8]
      %0 = gather(%embedding, %ids) : float32 [batch, tokens, 8]  # layers.0
      %1 = constant() 0.5 : float32 []  # layers.0
      %2 = add(%0, %1) : float32 [batch, tokens, 8]  # layers.0, region 0
      %3 = rmsNorm(%2, %norm) {epsilon: 0.000001} : float32 [batch, tokens, 8]  # layers.0, region 0
      %4 = matmul(%3, %3) {transposeB: true} : float32 [batch, tokens, tokens]  # layers.0
      %5 = softmax(%4) : float32 [batch, tokens, tokens]  # layers.0
      %6 = matmul(%5, %0) : float32 [batch, tokens, 8]  # layers.0
      %7 = reshape(%6) : float32 [batch, tokens, 2, 4]  # layers.0
      %8 = slice(%7) {axis: 2, start: 0, end: 1} : float32 [batch, tokens, 1, 4]  # layers.0
      %9 = reshape(%0) : float32 [batch, tokens, 2, 4]  # layers.0
      %10 = concat(%8, %9) {axis: 2} : float32 [batch, tokens, 3, 4]  # layers.0
    outputs
      y = %10"
  `);
});
