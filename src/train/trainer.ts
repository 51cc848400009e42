import { invariant, TrainingError } from "../errors/families.ts";
import { floatTensor, type FloatTensor, type Tensor } from "../engine/tensor/tensor.ts";
import { batchSize, type BatchSource, type TrainingBatch } from "./batch-source.ts";
import { clipGradients } from "./clipping.ts";
import { MutualInformationEstimator } from "./objective/mutual-information-estimator.ts";
import type { EstimatorReading } from "./objective/estimator-reading.ts";
import type { LossWeights } from "./objective/objective.ts";
import type { Regulariser } from "./objective/loss-graph.ts";
import { unitRows } from "./objective/unit-rows.ts";
import type { NamedTensors, Optimizer } from "./optimizer/optimizer.ts";
import { makeOptimizer } from "./make-optimizer.ts";
import type { Recipe } from "./recipe/recipe-types.ts";
import { learningRateAt, warmUpShare } from "./schedule.ts";
import { makeStepRunner } from "./steps/make-step-runner.ts";
import type { StepEngine, StepResult } from "./steps/step-engine.ts";
import { trainableFilter } from "./trainable.ts";
import type { TrainableModel } from "./trainable-model.ts";

export type { TrainableModel } from "./trainable-model.ts";

export interface TrainerOptions {
  readonly recipe: Recipe;
  readonly model: TrainableModel;
  readonly source: BatchSource;
  readonly threads?: number | undefined;
}

/** What is logged of one step. Times apart, the same for the same recipe on the same machine, resumed or not. */
export interface StepMetrics {
  /** Steps done, this one included. */
  readonly step: number;
  readonly kind: TrainingBatch["kind"];
  readonly task: string;
  readonly loss: number;
  /** P@1 within the batch (contrastive), share of answer tokens guessed (language). */
  readonly precision: number;
  readonly pathLosses?: readonly number[];
  readonly pathPrecisions?: readonly number[];
  readonly regulariser?: number;
  readonly regulariserWeight?: number;
  /** vCLUB's estimator on this batch before it learnt from it: its value and the likelihood it gains over knowing nothing. */
  readonly estimator?: { readonly value: number; readonly likelihoodGain: number; readonly negativeLogLikelihood: number };
  readonly learningRate: number;
  /** Before clipping. */
  readonly gradientNorm: number;
  /** Inputs (queries and targets) of the step. */
  readonly inputs: number;
}

/** Everything that a checkpoint must hold. */
export interface TrainerState {
  readonly step: number;
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly optimizer: ReadonlyMap<string, Tensor>;
  readonly estimator: ReadonlyMap<string, Tensor>;
}

/** Takes one training step after another. Knows nothing of files: see `run-training.ts`. */
export class Trainer {
  readonly #recipe: Recipe;
  readonly #model: TrainableModel;
  readonly #source: BatchSource;
  readonly #runner: StepEngine;
  readonly #optimizer: Optimizer;
  readonly #estimator: MutualInformationEstimator | undefined;
  readonly #isTrainable: (name: string) => boolean;
  #step = 0;

  private constructor(options: TrainerOptions, estimator: MutualInformationEstimator | undefined) {
    const { recipe, model } = options;
    this.#recipe = recipe;
    this.#model = model;
    this.#source = options.source;
    this.#estimator = estimator;
    this.#isTrainable = trainableFilter(recipe.model);
    this.#optimizer = makeOptimizer(recipe.optimizer, options.threads);
    this.#runner = makeStepRunner({
      recipe,
      model,
      regulariser: regulariserOf(recipe, estimator),
      trainable: this.#isTrainable,
      threads: options.threads,
    });
  }

  static async create(options: TrainerOptions): Promise<Trainer> {
    return new Trainer(options, await makeEstimator(options));
  }

  /** Steps done so far. */
  get step(): number {
    return this.#step;
  }

  /** Weights that training changes. */
  get trainedWeights(): NamedTensors {
    return new Map([...this.#model.weights].filter(([name]) => this.#isTrainable(name)));
  }

  /** Takes the next step. @throws {TrainingError} if the loss or a gradient is not finite; the weights are then as before the step. */
  async next(): Promise<StepMetrics> {
    const recipe = this.#recipe;
    const lossWeights = lossWeightsAt(recipe, this.#step);
    const [first, ...others] = await this.#accumulated(lossWeights);
    invariant(first !== undefined, "a step without a batch");
    const gradients = others.length === 0 ? first.gradients : meanGradients([first, ...others].map(({ gradients: each }) => each));
    const gradientNorm = clipGradients(gradients, { maximumNorm: recipe.optimizer.clipNorm, step: this.#step + 1 });
    const learningRate = learningRateAt(this.#step, { ...recipe.optimizer, steps: recipe.steps });
    await this.#optimizer.step(this.#model.weights, gradients, learningRate);
    this.#step += 1;
    const reading = await this.#trainEstimator(first.result);
    return { ...metricsOf(first, { reading, lossWeights }), step: this.#step, learningRate, gradientNorm };
  }

  /** What a checkpoint must hold. Shares memory with the trainer: write it before the next step. */
  state(): TrainerState {
    return {
      step: this.#step,
      weights: this.trainedWeights,
      optimizer: this.#optimizer.state(),
      estimator: this.#estimator?.state() ?? new Map(),
    };
  }

  /** Goes on from a state. @throws {WeightsError} if it belongs to another recipe. */
  load(state: TrainerState): void {
    for (const [name, tensor] of this.trainedWeights) {
      const saved = state.weights.get(name);
      if (saved === undefined || saved.dtype !== "float32" || saved.data.length !== tensor.data.length) throw foreignState(name);
      tensor.data.set(saved.data);
    }
    this.#optimizer.load(state.optimizer);
    this.#estimator?.load(state.estimator);
    this.#step = state.step;
  }

  async dispose(): Promise<void> {
    await Promise.all([this.#runner.dispose(), this.#estimator?.dispose(), this.#optimizer.dispose()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #accumulated(lossWeights: LossWeights): Promise<readonly Accumulated[]> {
    const { accumulation } = this.#recipe;
    const parts: Accumulated[] = [];
    for (let part = 0; part < accumulation; part++) {
      const batch = await this.#source.batch(this.#step * accumulation + part);
      const result = await this.#runner.run({
        batch,
        weights: this.#model.weights,
        estimator: this.#estimator?.parameters ?? new Map(),
        lossWeights,
      });
      this.#checkFinite(result.loss, batch);
      const scale = batch.kind === "language" ? this.#recipe.objective.languageWeight : 1;
      parts.push({ batch, result, gradients: scaled(result.gradients, { scale, copy: accumulation > 1 }) });
    }
    return parts;
  }

  #checkFinite(loss: number, batch: TrainingBatch): void {
    if (Number.isFinite(loss)) return;
    throw new TrainingError({
      message: `step ${this.#step + 1} (${batch.task}): the loss is ${loss}. Resume from the last checkpoint with a smaller optimizer.learningRate or a longer warm-up`,
      details: { step: this.#step + 1, task: batch.task, loss: String(loss) },
    });
  }

  async #trainEstimator({ embeddings }: StepResult): Promise<EstimatorReading | undefined> {
    if (this.#estimator === undefined || embeddings === undefined) return undefined;
    return this.#estimator.train({ queries: unitRows(embeddings.queryPaths), targets: unitRows(embeddings.targetPaths) });
  }
}

interface Accumulated {
  readonly batch: TrainingBatch;
  readonly result: StepResult;
  readonly gradients: NamedTensors;
}

function lossWeightsAt({ objective }: Recipe, step: number): LossWeights {
  return {
    temperature: objective.temperature,
    pathWeight: objective.pathWeight,
    regulariserWeight: objective.regulariserWeight * warmUpShare(step, objective.regulariserWarmUpSteps),
  };
}

function metricsOf(
  { batch, result }: Accumulated,
  { reading, lossWeights }: { readonly reading: EstimatorReading | undefined; readonly lossWeights: LossWeights },
): Omit<StepMetrics, "step" | "learningRate" | "gradientNorm"> {
  const { loss, precision, pathLosses, pathPrecisions, regulariser } = result;
  const base = { kind: batch.kind, task: batch.task, loss, precision, inputs: batchSize(batch) };
  if (pathLosses.length < 2) return base;
  return {
    ...base,
    pathLosses,
    pathPrecisions,
    ...(regulariser === undefined ? {} : { regulariser, regulariserWeight: lossWeights.regulariserWeight }),
    ...(reading === undefined
      ? {}
      : {
          estimator: { value: reading.value, likelihoodGain: reading.likelihoodGain, negativeLogLikelihood: reading.negativeLogLikelihood },
        }),
  };
}

async function makeEstimator({ recipe, model, threads }: TrainerOptions): Promise<MutualInformationEstimator | undefined> {
  const { regulariser } = recipe.objective;
  if (regulariser.kind !== "vclub" || model.paths.count === 1) return undefined;
  const { pairs, hiddenWidth, learningRate, innerSteps } = regulariser;
  return MutualInformationEstimator.create({
    pathCount: model.paths.count,
    dimensions: model.config.hiddenSize,
    pairs,
    hiddenWidth,
    learningRate,
    innerSteps,
    seed: recipe.seed,
    ...(threads === undefined ? {} : { threads }),
  });
}

function regulariserOf({ objective }: Recipe, estimator: MutualInformationEstimator | undefined): Regulariser {
  const { regulariser } = objective;
  if (regulariser.kind !== "vclub") return regulariser;
  return estimator === undefined ? { kind: "none" } : { kind: "vclub", estimator: estimator.shape };
}

function scaled(gradients: NamedTensors, { scale, copy }: { readonly scale: number; readonly copy: boolean }): NamedTensors {
  if (scale === 1 && !copy) return gradients;
  return new Map(
    [...gradients].map(([name, { shape, data }]) => [
      name,
      floatTensor(
        shape,
        data.map((value) => value * scale),
      ),
    ]),
  );
}

function meanGradients(parts: readonly NamedTensors[]): NamedTensors {
  const sums = new Map<string, FloatTensor>();
  for (const part of parts) {
    for (const [name, { shape, data }] of part) {
      const sum = sums.get(name) ?? floatTensor(shape, new Float32Array(data.length));
      for (let at = 0; at < data.length; at++) sum.data[at] = (sum.data[at] as number) + (data[at] as number) / parts.length;
      sums.set(name, sum);
    }
  }
  return sums;
}

function foreignState(name: string): TrainingError {
  return new TrainingError({
    message: `the checkpoint does not hold "${name}" as this recipe's model has it: it belongs to another recipe. Use another run folder, or the recipe it was made with`,
    details: { tensor: name },
  });
}
