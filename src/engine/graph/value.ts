import type { DType, ElementType, Tensor } from "../tensor/tensor.ts";
import type { Shape } from "./dimension.ts";
import type { ExternalData, OperationAttributes, OperationName } from "./operations.ts";

/** One node of a graph and the one tensor it makes. */
export type Value = { readonly [K in OperationName]: ValueOf<K> }[OperationName];

/** A node of a known operation. */
export interface ValueOf<K extends OperationName> {
  /** Position in the builder's topological order. */
  readonly id: number;
  readonly operation: K;
  readonly inputs: readonly Value[];
  readonly attributes: OperationAttributes[K];
  readonly dtype: ElementType;
  readonly shape: Shape;
  /** Names of the nested scopes it was made in, e.g. `layers.3/attention`. */
  readonly scope: string;
  /** The recomputation region it belongs to, if any. */
  readonly region: number | undefined;
  readonly builder: ValueBuilder;
}

/** What makes values: the face of `graph-builder.ts`, kept here because values and their builder know each other. */
export interface ValueBuilder {
  readonly values: readonly Value[];
  input(name: string, dtype: DType, shape: Shape): Value;
  constant(tensor: Tensor): Value;
  scalar(number: number): Value;
  external(name: string, shape: readonly number[], data: ExternalData, dtype?: ElementType): Value;
  emit<K extends OperationName>(operation: K, inputs: readonly Value[], attributes: OperationAttributes[K]): Value;
  scope<T>(name: string, make: () => T): T;
  recompute<T>(make: () => T): T;
  at<T>(place: Place, make: () => T): T;
  finish(outputs: Readonly<Record<string, Value>>): Graph;
}

/** Where in a graph a value was made. */
export interface Place {
  readonly scope: string;
  readonly region: number | undefined;
}

/** A finished graph: what it takes, what it gives and every value on the way, in topological order. */
export interface Graph {
  readonly inputs: ReadonlyMap<string, Value>;
  readonly outputs: ReadonlyMap<string, Value>;
  readonly values: readonly Value[];
}
