import { addDimensions, symbol, type Shape } from "../../../../src/engine/graph/dimension.ts";
import { matmul, type MatmulOptions } from "../../../../src/engine/graph/operators.ts";
import type { Value } from "../../../../src/engine/graph/value.ts";
import { normal, type Cases, type OperationCase } from "../operation-case.ts";

const [batch, tokens] = [symbol("batch"), symbol("tokens")];
const bindings = { batch: 3, tokens: 5 };

function matmulCase(title: string, [a, b]: readonly [Shape, Shape], options: MatmulOptions = {}): OperationCase {
  return { title, inputs: [normal(...a), normal(...b)], bindings, build: (x: Value, y: Value) => matmul(x, y, options) };
}

const A = { transposeA: true };
const B = { transposeB: true };

export const PRODUCT_CASES: Readonly<Record<"matmul", Cases>> = {
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
