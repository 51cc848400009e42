import { floatTensor, intTensor, type Tensor } from "../../engine/tensor/tensor.ts";
import { TrainingError } from "../../errors/families.ts";
import type { NamedTensors } from "../optimizer/optimizer.ts";

/** How losses are scaled, named and valued as in PyTorch, with bounds of ours. */
export interface LossScaling {
  readonly initialScale: number;
  /** The scale grows by it after {@link growthInterval} steps in a row without overflow. */
  readonly growthFactor: number;
  /** The scale shrinks by it at every step whose gradients overflow. */
  readonly backoffFactor: number;
  readonly growthInterval: number;
  /** A scale below it ends the run. */
  readonly minimumScale: number;
  /** More steps in a row without an update end the run. */
  readonly maximumSkippedSteps: number;
}

/**
 * Dynamic loss scaling for float16: the loss is multiplied by a scale, so that small gradients do not vanish, and the gradients are divided by it before anything else
 * is done with them. A step with a gradient that is not finite is skipped and makes the scale smaller.
 * The scale is a float32, so that it comes back from a checkpoint as it was.
 * @source Micikevicius et al. 2018, section 3.2; torch.amp.GradScaler.
 */
export class LossScaler {
  readonly #options: LossScaling;
  #scale: number;
  /** Steps in a row without overflow since the scale last changed. */
  #clean = 0;
  #skippedInARow = 0;
  #skipped = 0;

  constructor(options: LossScaling) {
    this.#options = options;
    this.#scale = Math.fround(options.initialScale);
  }

  /** What losses are multiplied by. */
  get scale(): number {
    return this.#scale;
  }

  /** Steps without an update so far. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Divides gradients by the scale, in place. @returns whether all of them are finite. */
  unscale(gradients: NamedTensors): boolean {
    const inverse = Math.fround(1 / this.#scale);
    let isFinite = true;
    for (const { data } of gradients.values()) isFinite = scaleInPlace(data, inverse) && isFinite;
    return isFinite;
  }

  /** Takes note of a step. @param step for the message. @throws {TrainingError} if nothing is learnt any more. */
  update({ isFinite, step }: { readonly isFinite: boolean; readonly step: number }): void {
    if (isFinite) this.#grow();
    else this.#shrink(step);
  }

  /** What the next step depends on, for a checkpoint. */
  state(): Map<string, Tensor> {
    const counts = [this.#clean, this.#skippedInARow, this.#skipped];
    return new Map<string, Tensor>([
      ["scale", floatTensor([1], [this.#scale])],
      ["counts", intTensor([counts.length], counts)],
    ]);
  }

  /** Takes over a state that `state` gave; an empty one, of a run that had no scaling until now, changes nothing. */
  load(state: ReadonlyMap<string, Tensor>): void {
    const [scale, counts] = [state.get("scale"), state.get("counts")];
    if (scale?.dtype !== "float32" || counts?.dtype !== "int32") return;
    this.#scale = scale.data[0] ?? this.#scale;
    [this.#clean = 0, this.#skippedInARow = 0, this.#skipped = 0] = counts.data;
  }

  #grow(): void {
    this.#skippedInARow = 0;
    this.#clean += 1;
    if (this.#clean < this.#options.growthInterval) return;
    this.#clean = 0;
    const grown = Math.fround(this.#scale * this.#options.growthFactor);
    if (Number.isFinite(grown)) this.#scale = grown;
  }

  #shrink(step: number): void {
    const { backoffFactor, minimumScale, maximumSkippedSteps } = this.#options;
    this.#clean = 0;
    this.#skipped += 1;
    this.#skippedInARow += 1;
    this.#scale = Math.fround(this.#scale * backoffFactor);
    if (this.#scale < minimumScale) throw this.#lost(step, `the loss scale fell to ${this.#scale}, below lossScaling.minimumScale`);
    if (this.#skippedInARow > maximumSkippedSteps)
      throw this.#lost(
        step,
        `the gradients of ${this.#skippedInARow} steps in a row were not finite, more than lossScaling.maximumSkippedSteps`,
      );
  }

  #lost(step: number, what: string): TrainingError {
    return new TrainingError({
      message: `step ${step}: ${what}. The gradients do not fit into float16: resume from the last checkpoint with "precision": "bfloat16" or "float32", or with a smaller optimizer.learningRate`,
      details: { step, lossScale: this.#scale, skippedInARow: this.#skippedInARow },
    });
  }
}

/** @returns whether all numbers were finite before. */
function scaleInPlace(data: Float32Array, factor: number): boolean {
  let isFinite = true;
  for (let at = 0; at < data.length; at++) {
    const value = data[at] as number;
    if (!Number.isFinite(value)) isFinite = false;
    data[at] = value * factor;
  }
  return isFinite;
}
