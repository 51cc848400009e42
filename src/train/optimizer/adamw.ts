import { zeros, type FloatTensor, type Tensor } from "../../engine/tensor/tensor.ts";
import type { NamedTensors, Optimizer } from "./optimizer.ts";
import { pairGradients, settingsOf, type GradientPair, type ParameterGroup } from "./parameter-groups.ts";
import { checkState, stateFromTensors, stateToTensors, type ParameterState } from "./tensor-state.ts";

/** Settings of {@link AdamW}, named and valued as in PyTorch. */
export interface AdamWOptions {
  /** Decay of the running means of gradients and of their squares. */
  readonly betas?: readonly [number, number];
  readonly epsilon?: number;
  /** Share of a parameter that a step takes away, times the learning rate. */
  readonly weightDecay?: number;
  readonly groups?: readonly ParameterGroup[];
}

type Moments = ParameterState<"firstMoment" | "secondMoment">;

/**
 * Adam with decoupled weight decay: `θ ← θ - η λ θ - η m̂ / (sqrt(v̂) + ε)`, m̂ and v̂ the bias-corrected running means of g and g².
 * Arithmetic is in double precision, parameters and moments are kept in float32.
 * @source Loshchilov and Hutter 2019, algorithm 2; torch.optim.AdamW.
 */
export class AdamW implements Optimizer {
  readonly #betas: readonly [number, number];
  readonly #epsilon: number;
  readonly #weightDecay: number;
  readonly #groups: readonly ParameterGroup[];
  #states = new Map<string, Moments>();

  constructor({ betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0.01, groups = [] }: AdamWOptions = {}) {
    this.#betas = betas;
    this.#epsilon = epsilon;
    this.#weightDecay = weightDecay;
    this.#groups = groups;
  }

  step(parameters: NamedTensors, gradients: NamedTensors, learningRate: number): void {
    for (const pair of pairGradients(parameters, gradients)) this.#update(pair, learningRate);
  }

  state(): Map<string, Tensor> {
    return stateToTensors(this.#states);
  }

  load(state: ReadonlyMap<string, Tensor>): void {
    this.#states = stateFromTensors(state, ["firstMoment", "secondMoment"]);
  }

  /** Nothing is held that must be let go of. */
  async dispose(): Promise<void> {}

  #update({ name, parameter, gradient }: GradientPair, learningRate: number): void {
    const { shape } = parameter;
    const settings = settingsOf({ name, shape }, this.#groups, this.#weightDecay);
    const state = this.#stateOf(name, parameter);
    const rate = learningRate * settings.learningRateMultiplier;
    state.steps += 1;
    const [beta1, beta2] = this.#betas;
    const correction1 = 1 - beta1 ** state.steps;
    const correction2 = 1 - beta2 ** state.steps;
    updateInPlace(
      { values: parameter.data, gradient: gradient.data, first: state.moments.firstMoment.data, second: state.moments.secondMoment.data },
      {
        beta1,
        beta2,
        decay: 1 - rate * settings.weightDecay,
        stepSize: rate / correction1,
        secondScale: 1 / Math.sqrt(correction2),
        epsilon: this.#epsilon,
      },
    );
  }

  #stateOf(name: string, { shape }: FloatTensor): Moments {
    const known = this.#states.get(name);
    if (known !== undefined) return checkState(name, known, shape);
    const state = { steps: 0, moments: { firstMoment: zeros(shape), secondMoment: zeros(shape) } };
    this.#states.set(name, state);
    return state;
  }
}

interface Arrays {
  readonly values: Float32Array;
  readonly gradient: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
}

interface Coefficients {
  readonly beta1: number;
  readonly beta2: number;
  readonly decay: number;
  readonly stepSize: number;
  readonly secondScale: number;
  readonly epsilon: number;
}

/** The loop over elements, kept free of calls and property reads: it runs once per parameter and step over millions of them. */
function updateInPlace({ values, gradient, first, second }: Arrays, coefficients: Coefficients): void {
  const { beta1, beta2, decay, stepSize, secondScale, epsilon } = coefficients;
  for (let at = 0; at < values.length; at++) {
    const slope = gradient[at] as number;
    const mean = beta1 * (first[at] as number) + (1 - beta1) * slope;
    const power = beta2 * (second[at] as number) + (1 - beta2) * slope * slope;
    first[at] = mean;
    second[at] = power;
    values[at] = (values[at] as number) * decay - (stepSize * mean) / (Math.sqrt(power) * secondScale + epsilon);
  }
}
