import type { OperationAttributes, OperationName } from "../graph/operations.ts";
import type { Value } from "../graph/value.ts";

/** What a rule sees: the operation's inputs and output in the forward pass, and the gradient of its output. */
export interface RuleContext<K extends OperationName> {
  readonly attributes: OperationAttributes[K];
  readonly inputs: readonly Value[];
  readonly output: Value;
  readonly gradient: Value;
}

/** Vector-Jacobian product: the gradients of the inputs, `undefined` where none passes. */
export type Rule<K extends OperationName> = (context: RuleContext<K>) => readonly (Value | undefined)[];

/** `expand`: differentiated through its expansion. `none`: no gradient passes. */
export type RuleEntry<K extends OperationName> = Rule<K> | "expand" | "none";
