import { cast, gather, mul, reshape } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import type { ParameterSource } from "./parameter-source.ts";

/** A table of embeddings of a checkpoint. */
export interface TableOptions {
  /** With `.weight`. */
  readonly name: string;
  readonly rows: number;
  readonly width: number;
}

/** Rows of a table: `ids [..] int32 -> [.., width]` float32. A table in signed bytes is turned to numbers row by row, as they are asked for. */
export function lookUp(parameters: ParameterSource, ids: Value, { name, rows, width }: TableOptions): Value {
  const quantized = parameters.quantized?.(name, [rows, width]);
  if (quantized?.layout !== "rows") return gather(parameters.parameter(name, [rows, width]), ids);
  const { values, scales } = quantized;
  const found = cast(gather(values, ids), "float32");
  return mul(found, reshape(gather(scales, ids), [...ids.shape, 1]));
}
