import { invariant, ShapeError } from "../../errors/families.ts";
import type { FloatTensor } from "../../engine/tensor/tensor.ts";
import type { NamedTensors } from "./optimizer.ts";

/** How some parameters are treated differently from the rest. */
export interface ParameterGroup {
  /** Whether a parameter belongs to the group; the first group that says so has it. */
  readonly matches: (name: string, shape: readonly number[]) => boolean;
  /** Multiplies the learning rate; 1 if not given. */
  readonly learningRateMultiplier?: number;
  /** In place of the optimizer's own. */
  readonly weightDecay?: number;
}

/** What a parameter is stepped with. */
export interface ParameterSettings {
  readonly learningRateMultiplier: number;
  readonly weightDecay: number;
}

/** Settings of a parameter: its group's where there is one, else the optimizer's. */
export function settingsOf(
  parameter: { readonly name: string; readonly shape: readonly number[] },
  groups: readonly ParameterGroup[],
  weightDecay: number,
): ParameterSettings {
  const group = groups.find(({ matches }) => matches(parameter.name, parameter.shape));
  return { learningRateMultiplier: group?.learningRateMultiplier ?? 1, weightDecay: group?.weightDecay ?? weightDecay };
}

/** A parameter with its gradient. */
export interface GradientPair {
  readonly name: string;
  readonly parameter: FloatTensor;
  readonly gradient: FloatTensor;
}

/** Every gradient beside its parameter. @throws {ShapeError} if shapes differ. */
export function pairGradients(parameters: NamedTensors, gradients: NamedTensors): GradientPair[] {
  return [...gradients].map(([name, gradient]) => {
    const parameter = parameters.get(name);
    invariant(parameter !== undefined, `the gradient "${name}" belongs to no parameter`);
    if (parameter.shape.length === gradient.shape.length && parameter.shape.every((length, axis) => length === gradient.shape[axis])) {
      return { name, parameter, gradient };
    }
    throw new ShapeError({
      message: `the gradient of "${name}" has shape [${gradient.shape.join(", ")}], the parameter has [${parameter.shape.join(", ")}]`,
      details: { tensor: name, got: gradient.shape, expected: parameter.shape },
    });
  });
}
