import type { Graph } from "../../engine/graph/graph-builder.ts";

/** A graph of a training step, and the weights it takes as inputs. */
export interface StepGraph {
  readonly graph: Graph;
  /** Shapes of the weights by name. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}
