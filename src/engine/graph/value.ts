import type { DType } from "../tensor/tensor.ts";
import type { Shape } from "./dimension.ts";
import type { GraphBuilder } from "./graph-builder.ts";
import type { OperationAttributes, OperationName } from "./operations.ts";

/** One node of a graph and the one tensor it makes. */
export type Value = { readonly [K in OperationName]: ValueOf<K> }[OperationName];

/** A node of a known operation. */
export interface ValueOf<K extends OperationName> {
  /** Position in the builder's topological order. */
  readonly id: number;
  readonly operation: K;
  readonly inputs: readonly Value[];
  readonly attributes: OperationAttributes[K];
  readonly dtype: DType;
  readonly shape: Shape;
  /** Names of the nested scopes it was made in, e.g. `layers.3/attention`. */
  readonly scope: string;
  /** The recomputation region it belongs to, if any. */
  readonly region: number | undefined;
  readonly builder: GraphBuilder;
}
