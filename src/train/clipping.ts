import { TrainingError } from "../errors/families.ts";
import type { NamedTensors } from "./optimizer/optimizer.ts";

/** How gradients are clipped. */
export interface ClipOptions {
  /** Largest global norm. */
  readonly maximumNorm: number;
  /** For the error message. */
  readonly step: number;
}

/**
 * Scales all gradients down together, in place, so that their global Euclidean norm is at most `maximumNorm`.
 * @returns the norm before. @throws {TrainingError} naming step and tensor if a gradient is not finite.
 * @source Pascanu et al. 2013.
 */
export function clipGradients(gradients: NamedTensors, { maximumNorm, step }: ClipOptions): number {
  let power = 0;
  for (const [name, { data }] of gradients) power += finitePower(data, name, step);
  const norm = Math.sqrt(power);
  if (norm > maximumNorm) for (const { data } of gradients.values()) scaleInPlace(data, maximumNorm / norm);
  return norm;
}

function finitePower(data: Float32Array, name: string, step: number): number {
  let power = 0;
  for (let at = 0; at < data.length; at++) power += (data[at] as number) ** 2;
  if (Number.isFinite(power)) return power;
  throw new TrainingError({
    message: `step ${step}: the gradient of ${name} is not finite. Resume from the last checkpoint with a smaller optimizer.learningRate or a longer warm-up`,
    details: { step, tensor: name },
  });
}

function scaleInPlace(data: Float32Array, factor: number): void {
  for (let at = 0; at < data.length; at++) data[at] = (data[at] as number) * factor;
}
