import type { FloatTensor, Tensor } from "../../engine/tensor/tensor.ts";

/** Named tensors. */
export type NamedTensors = ReadonlyMap<string, FloatTensor>;

/** Moves parameters against their gradients, in place, and remembers what it needs for the next step. */
export interface Optimizer {
  /**
   * One step. Parameters without a gradient stay as they are.
   * @param learningRate this step's, before the multipliers of parameter groups.
   * @throws {ShapeError} if a gradient has another shape than its parameter, or none of that name exists.
   */
  step(parameters: NamedTensors, gradients: NamedTensors, learningRate: number): Promise<void> | void;
  /** What the next step depends on, for a checkpoint. Shares memory with the optimizer: write it before the next step. */
  state(): Map<string, Tensor>;
  /** Takes over a state that `state` gave; what it held before is dropped. @throws {WeightsError} if it is not such a state. */
  load(state: ReadonlyMap<string, Tensor>): void;
  /** Lets go of what it computes with; a second call does nothing. */
  dispose(): Promise<void>;
}
