import type { OperationName } from "../../../src/engine/graph/operations.ts";
import { COMPOSITE_CASES } from "./cases/composite-cases.ts";
import { ELEMENTWISE_CASES } from "./cases/elementwise-cases.ts";
import { LEAF_CASES } from "./cases/leaf-cases.ts";
import { PRODUCT_CASES } from "./cases/product-cases.ts";
import { REDUCTION_CASES } from "./cases/reduction-cases.ts";
import { SHAPE_CASES } from "./cases/shape-cases.ts";
import type { Cases } from "./operation-case.ts";

/** Cases of every operation; a missing one does not compile. */
export const OPERATION_CASES: { readonly [K in OperationName]: Cases } = {
  ...LEAF_CASES,
  ...ELEMENTWISE_CASES,
  ...REDUCTION_CASES,
  ...PRODUCT_CASES,
  ...SHAPE_CASES,
  ...COMPOSITE_CASES,
};
