import { present, ShapeError } from "../../errors/families.ts";
import { symbol } from "../../engine/graph/dimension.ts";
import { GraphBuilder, type Graph } from "../../engine/graph/graph-builder.ts";
import { add, div, matmul, maximum, mul, reduceSum, sqrt, square } from "../../engine/graph/operators.ts";
import { GraphSession } from "../../engine/runtime/graph-session.ts";
import { expectFloat, floatTensor, zeros, type FloatTensor, type Tensor } from "../../engine/tensor/tensor.ts";
import type { NamedTensors, Optimizer } from "./optimizer.ts";
import { pairGradients, settingsOf, type GradientPair, type ParameterGroup } from "./parameter-groups.ts";
import { checkState, stateFromTensors, stateToTensors, type ParameterState } from "./tensor-state.ts";

/** Settings of {@link Muon}, named and valued as in PyTorch. */
export interface MuonOptions {
  readonly momentum?: number;
  /** Share of a parameter that a step takes away, times the learning rate. */
  readonly weightDecay?: number;
  readonly groups?: readonly ParameterGroup[];
  readonly threads?: number;
}

type Momentum = ParameterState<"momentum">;

/**
 * Muon: momentum, orthogonalised by Newton-Schulz steps, for the matrices of hidden layers.
 * `M ← μ M + (1-μ) g;  O = NS(g + μ (M - g));  θ ← θ (1 - η λ) - η sqrt(max(1, rows / columns)) O`.
 * Embeddings, gains, biases and whatever else is no matrix belong to another optimizer.
 * @source Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"; torch.optim.Muon, in float32 throughout.
 */
export class Muon implements Optimizer, AsyncDisposable {
  readonly #momentum: number;
  readonly #weightDecay: number;
  readonly #groups: readonly ParameterGroup[];
  readonly #threads: number | undefined;
  readonly #sessions = new Map<Orientation, Promise<GraphSession>>();
  #states = new Map<string, Momentum>();

  constructor({ momentum = 0.95, weightDecay = 0.1, groups = [], threads }: MuonOptions = {}) {
    this.#momentum = momentum;
    this.#weightDecay = weightDecay;
    this.#groups = groups;
    this.#threads = threads;
  }

  /** As {@link Optimizer.step}. @throws {ShapeError} if a parameter is no matrix. */
  async step(parameters: NamedTensors, gradients: NamedTensors, learningRate: number): Promise<void> {
    const pairs = pairGradients(parameters, gradients);
    for (const { name, parameter } of pairs) checkMatrix(name, parameter);
    for (const pair of pairs) await this.#update(pair, learningRate);
  }

  state(): Map<string, Tensor> {
    return stateToTensors(this.#states);
  }

  load(state: ReadonlyMap<string, Tensor>): void {
    this.#states = stateFromTensors(state, ["momentum"]);
  }

  async dispose(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const session of sessions) await (await session).dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #update({ name, parameter, gradient }: GradientPair, learningRate: number): Promise<void> {
    const { shape, data } = parameter;
    const settings = settingsOf({ name, shape }, this.#groups, this.#weightDecay);
    const state = this.#stateOf(name, shape);
    state.steps += 1;
    const update = await this.#orthogonalise(nesterov(state.moments.momentum.data, gradient, this.#momentum));
    const rate = learningRate * settings.learningRateMultiplier;
    const [rows, columns] = shape as [number, number];
    const stepSize = rate * Math.sqrt(Math.max(1, rows / columns));
    const decay = 1 - rate * settings.weightDecay;
    for (let at = 0; at < data.length; at++) data[at] = (data[at] as number) * decay - stepSize * (update[at] as number);
  }

  #stateOf(name: string, shape: readonly number[]): Momentum {
    const known = this.#states.get(name);
    if (known !== undefined) return checkState(name, known, shape);
    const state = { steps: 0, moments: { momentum: zeros(shape) } };
    this.#states.set(name, state);
    return state;
  }

  async #orthogonalise(matrix: FloatTensor): Promise<Float32Array> {
    const [rows, columns] = matrix.shape as [number, number];
    const session = await this.#session(rows > columns ? "tall" : "wide");
    return expectFloat(present((await session.run({ matrix }))["orthogonal"], "orthogonal")).data;
  }

  #session(orientation: Orientation): Promise<GraphSession> {
    const known = this.#sessions.get(orientation);
    if (known !== undefined) return known;
    const session = GraphSession.create(newtonSchulzGraph(orientation), this.#threads === undefined ? {} : { threads: this.#threads });
    this.#sessions.set(orientation, session);
    return session;
  }
}

/** Updates the momentum in place and gives `g + μ (M - g)`. */
function nesterov(momentum: Float32Array, { shape, data: gradient }: FloatTensor, decay: number): FloatTensor {
  const ahead = new Float32Array(gradient.length);
  for (let at = 0; at < gradient.length; at++) {
    const slope = gradient[at] as number;
    const mean = decay * (momentum[at] as number) + (1 - decay) * slope;
    momentum[at] = mean;
    ahead[at] = slope + decay * (mean - slope);
  }
  return floatTensor(shape, ahead);
}

/** Which side of a matrix is the shorter one, on which the products are made: its rows (wide) or its columns (tall). */
type Orientation = "wide" | "tall";

/** A quintic whose slope at 0 is as steep as possible while [0, 1] stays near 1: five rounds bring singular values into [0.7, 1.2]. */
const QUINTIC = { a: 3.4445, b: -4.775, c: 2.0315 } as const;
const ROUNDS = 5;

/** Newton-Schulz on `matrix` [rows, columns]: `X ← a X + (b A + c A²) X`, A = X Xᵀ (wide) or the same from the other side. */
function newtonSchulzGraph(orientation: Orientation): Graph {
  const builder = new GraphBuilder();
  const matrix = builder.input("matrix", "float32", [symbol("rows"), symbol("columns")]);
  let x = div(matrix, maximum(sqrt(reduceSum(square(matrix), [0, 1])), 1e-7));
  for (let round = 0; round < ROUNDS; round++) {
    const gram = orientation === "wide" ? matmul(x, x, { transposeB: true }) : matmul(x, x, { transposeA: true });
    const factor = add(mul(gram, QUINTIC.b), mul(matmul(gram, gram), QUINTIC.c));
    x = add(mul(x, QUINTIC.a), orientation === "wide" ? matmul(factor, x) : matmul(x, factor));
  }
  return builder.finish({ orthogonal: x });
}

function checkMatrix(name: string, { shape }: FloatTensor): void {
  if (shape.length === 2) return;
  throw new ShapeError({
    message: `Muon steps matrices only, "${name}" has shape [${shape.join(", ")}]; give it to AdamW (see RoutedOptimizer)`,
    details: { tensor: name, got: shape, expected: ["rows", "columns"] },
  });
}
