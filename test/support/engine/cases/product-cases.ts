import { addDimensions, symbol, type Shape } from "../../../../src/engine/graph/dimension.ts";
import { blockQuantizedMatmul, matmul, quantizedMatmul, type MatmulOptions } from "../../../../src/engine/graph/operators.ts";
import type { Value } from "../../../../src/engine/graph/value.ts";
import { bytes, normal, positive, unsignedBytes, type CaseInput, type Cases, type OperationCase } from "../operation-case.ts";

const [batch, tokens] = [symbol("batch"), symbol("tokens")];
const bindings = { batch: 3, tokens: 5 };

function matmulCase(title: string, [a, b]: readonly [Shape, Shape], options: MatmulOptions = {}): OperationCase {
  return { title, inputs: [normal(...a), normal(...b)], bindings, build: (x: Value, y: Value) => matmul(x, y, options) };
}

function quantizedCase(title: string, x: CaseInput, [inner, columns]: readonly [number, number]): OperationCase {
  const build = (left: Value, values: Value, scales: Value): Value => quantizedMatmul(left, values, scales);
  return { title, inputs: [x, bytes(inner, columns), positive(columns)], bindings, build };
}

function fourBitCase(title: string, x: CaseInput, [inner, columns]: readonly [number, number]): OperationCase {
  const blocks = Math.ceil(inner / 32);
  const build = (left: Value, values: Value, scales: Value): Value =>
    blockQuantizedMatmul(left, { values, scales }, { inner, blockSize: 32 });
  return { title, inputs: [x, unsignedBytes(columns, blocks, 16), positive(columns, blocks)], bindings, build };
}

const A = { transposeA: true };
const B = { transposeB: true };

export const PRODUCT_CASES: Readonly<Record<"matmul" | "quantizedMatmul" | "blockQuantizedMatmul", Cases>> = {
  blockQuantizedMatmul: [
    fourBitCase("a matrix of whole blocks", normal(6, 64), [64, 7]),
    fourBitCase("tokens of a batch, a block not full", normal(batch, tokens, 40), [40, 33]),
    fourBitCase("one row, one column", normal(1, 5), [5, 1]),
  ],
  quantizedMatmul: [
    quantizedCase("a matrix", normal(6, 40), [40, 7]),
    quantizedCase("tokens of a batch", normal(batch, tokens, 33), [33, 65]),
    quantizedCase("numbers above 0 alone", positive(4, 16), [16, 3]),
    quantizedCase("one row, one column", normal(1, 5), [5, 1]),
  ],
  matmul: [
    matmulCase("two matrices", [[3, 5], [5, 7]]), // prettier-ignore
    matmulCase("left transposed", [[5, 3], [5, 7]], A), // prettier-ignore
    matmulCase("right transposed", [[3, 5], [7, 5]], B), // prettier-ignore
    matmulCase("both transposed", [[5, 3], [7, 5]], { ...A, ...B }), // prettier-ignore
    matmulCase("a row and a column", [[1, 5], [5, 1]]), // prettier-ignore
    matmulCase("a column and a row", [[5, 1], [1, 3]]), // prettier-ignore
    matmulCase("batches", [[2, 3, 5], [2, 5, 4]]), // prettier-ignore
    matmulCase("batches, left transposed", [[2, 5, 3], [2, 5, 4]], A), // prettier-ignore
    matmulCase("batches, right transposed", [[2, 3, 5], [2, 4, 5]], B), // prettier-ignore
    matmulCase("batches, both transposed", [[2, 5, 3], [2, 4, 5]], { ...A, ...B }), // prettier-ignore
    matmulCase("batches broadcast", [[2, 1, 3, 5], [4, 5, 2]]), // prettier-ignore
    matmulCase("batches broadcast, right transposed", [[2, 1, 3, 5], [4, 2, 5]], B), // prettier-ignore
    matmulCase("batches broadcast, left transposed", [[1, 5, 3], [4, 5, 2]], A), // prettier-ignore
    matmulCase("one matrix for all rows", [[2, 3, 5], [5, 4]]), // prettier-ignore
    matmulCase("one matrix for all rows, transposed", [[2, 3, 5], [4, 5]], B), // prettier-ignore
    matmulCase("one matrix, left transposed", [[2, 5, 3], [5, 4]], A), // prettier-ignore
    matmulCase("one matrix left of batches", [[3, 5], [2, 5, 4]]), // prettier-ignore
    matmulCase("one matrix left of batches, both transposed", [[5, 3], [2, 4, 5]], { ...A, ...B }), // prettier-ignore
    matmulCase("symbolic rows", [[batch, tokens, 4], [4, 6]]), // prettier-ignore
    matmulCase("symbolic inner axis", [[3, tokens], [tokens, 4]]), // prettier-ignore
    matmulCase("symbolic everywhere", [[batch, 2, tokens, 4], [batch, 2, addDimensions(tokens, 2), 4]], B), // prettier-ignore
  ],
};
