import { TrainingError } from "../errors/families.ts";
import type { FloatTensor, Tensor } from "../engine/tensor/tensor.ts";
import type { BatchSource, TrainingBatch } from "./batch-source.ts";
import { batchKey } from "./distributed/batch-key.ts";
import { clipGradients } from "./clipping.ts";
import { expectSame } from "./distributed/agreements.ts";
import type { Communicator } from "./distributed/communicator.ts";
import { SINGLE_PROCESS } from "./distributed/single-process.ts";
import { GradientSum } from "./gradient-sum.ts";
import { makeEstimator, regulariserOf } from "./make-estimator.ts";
import { makeOptimizer } from "./make-optimizer.ts";
import { measureBatch } from "./monitor/batch-diversity.ts";
import { logReading } from "./monitor/logged-reading.ts";
import type { MutualInformationEstimator } from "./objective/mutual-information-estimator.ts";
import type { EstimatorReading } from "./objective/estimator-reading.ts";
import type { LossWeights } from "./objective/loss-settings.ts";
import { unitRows } from "./objective/unit-rows.ts";
import { LossScaler } from "./precision/loss-scaler.ts";
import type { NamedTensors, Optimizer } from "./optimizer/optimizer.ts";
import type { Recipe } from "./recipe/recipe-types.ts";
import { learningRateAt, warmUpShare } from "./schedule.ts";
import { batchMetrics, type FinishedBatch, type StepMetrics, type UpdateMetrics } from "./step-metrics.ts";
import { makeStepRunner } from "./steps/make-step-runner.ts";
import type { StepEngine, StepResult } from "./steps/step-engine.ts";
import { BatchesAhead } from "./sources/batches-ahead.ts";
import { trainedWeights } from "./trainable.ts";
import type { TrainableModel } from "./trainable-model.ts";

export interface TrainerOptions {
  readonly recipe: Recipe;
  readonly model: TrainableModel;
  readonly source: BatchSource;
  readonly threads?: number | undefined;
  /** Whether the next batch is made while a step runs; it is, if not given. */
  readonly prefetch?: boolean | undefined;
  /** The processes that train together; this one alone if not given. */
  readonly communicator?: Communicator | undefined;
}

/** Everything that a checkpoint must hold. */
export interface TrainerState {
  readonly step: number;
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly optimizer: ReadonlyMap<string, Tensor>;
  readonly estimator: ReadonlyMap<string, Tensor>;
  /** Of the loss scale; empty, or not there, without one. */
  readonly scaler?: ReadonlyMap<string, Tensor>;
}

interface BatchPlace {
  readonly lossWeights: LossWeights;
  /** Of the batch among all of the run. */
  readonly place: number;
}

interface TrainerParts {
  readonly trained: NamedTensors;
  readonly estimator: MutualInformationEstimator | undefined;
}

/** Takes one training step after another. Knows nothing of files: see `run-training.ts`. */
export class Trainer {
  readonly #recipe: Recipe;
  readonly #model: TrainableModel;
  readonly #source: BatchesAhead;
  readonly #runner: StepEngine;
  readonly #optimizer: Optimizer;
  readonly #estimator: MutualInformationEstimator | undefined;
  readonly #scaler: LossScaler | undefined;
  readonly #trained: NamedTensors;
  readonly #communicator: Communicator;
  readonly #gradientSum = new GradientSum();
  #step = 0;

  private constructor(options: TrainerOptions, { trained, estimator }: TrainerParts) {
    const { recipe, model } = options;
    this.#recipe = recipe;
    this.#model = model;
    this.#source = new BatchesAhead(options.source, options.prefetch === false ? 0 : recipe.steps * recipe.accumulation);
    this.#estimator = estimator;
    this.#trained = trained;
    this.#communicator = options.communicator ?? SINGLE_PROCESS;
    this.#scaler = recipe.precision === "float16" ? new LossScaler(recipe.lossScaling) : undefined;
    this.#optimizer = makeOptimizer(recipe.optimizer, options.threads);
    this.#runner = makeStepRunner({
      recipe,
      model,
      regulariser: regulariserOf(recipe, estimator),
      trainable: (name) => this.#trained.has(name),
      threads: options.threads,
      communicator: this.#communicator,
    });
  }

  /** @throws {ConfigError} if the recipe trains nothing. */
  static async create(options: TrainerOptions): Promise<Trainer> {
    const trained = trainedWeights(options.model.weights, options.recipe.model, options.model.backbone);
    return new Trainer(options, { trained, estimator: await makeEstimator(options) });
  }

  /** Steps done so far. */
  get step(): number {
    return this.#step;
  }

  /** Weights that training changes. */
  get trainedWeights(): NamedTensors {
    return this.#trained;
  }

  /** Takes the next step. @throws {TrainingError} if the loss or a gradient is not finite; the weights are then as before the step. */
  async next(): Promise<StepMetrics> {
    const recipe = this.#recipe;
    const lossWeights = lossWeightsAt(recipe, this.#step);
    const { parts, gradients } = await this.#accumulate(lossWeights);
    const learningRate = learningRateAt(this.#step, { ...recipe.optimizer, steps: recipe.steps });
    const updated = await this.#update(gradients, learningRate);
    this.#step += 1;
    const observed = await this.#observe(parts, lossWeights);
    return { ...batchMetrics(parts), ...observed, ...updated, step: this.#step, learningRate };
  }

  /** Moves the weights, unless the loss was scaled and its gradients overflowed: the same on all processes, as they have the same sums. */
  async #update(gradients: NamedTensors, learningRate: number): Promise<UpdateMetrics> {
    const [scaler, step] = [this.#scaler, this.#step + 1];
    const lossScale = scaler?.scale;
    const isFinite = scaler?.unscale(gradients) ?? true;
    let gradientNorm: number | undefined;
    if (isFinite) {
      gradientNorm = clipGradients(gradients, { maximumNorm: this.#recipe.optimizer.clipNorm, step });
      await this.#optimizer.step(this.#model.weights, gradients, learningRate);
    }
    scaler?.update({ isFinite, step });
    const norm = gradientNorm === undefined ? { isSkipped: true as const } : { gradientNorm };
    return { ...norm, ...(scaler === undefined || lossScale === undefined ? {} : { lossScale, skippedSteps: scaler.skipped }) };
  }

  /** What a checkpoint must hold. Shares memory with the trainer: write it before the next step. */
  state(): TrainerState {
    return {
      step: this.#step,
      weights: this.#trained,
      optimizer: this.#optimizer.state(),
      estimator: this.#estimator?.state() ?? new Map(),
      scaler: this.#scaler?.state() ?? new Map(),
    };
  }

  /** Goes on from a state. @throws {WeightsError} if it belongs to another recipe. */
  load(state: TrainerState): void {
    for (const [name, tensor] of this.#trained) {
      const saved = state.weights.get(name);
      if (saved?.dtype !== "float32" || saved.data.length !== tensor.data.length) throw foreignState(name);
      tensor.data.set(saved.data);
    }
    this.#optimizer.load(state.optimizer);
    this.#estimator?.load(state.estimator);
    this.#scaler?.load(state.scaler ?? new Map());
    this.#step = state.step;
  }

  async dispose(): Promise<void> {
    await Promise.all([this.#source.dispose(), this.#runner.dispose(), this.#estimator?.dispose(), this.#optimizer.dispose()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  /** Loss and gradients of the step's batches; gradients are their mean. */
  async #accumulate(lossWeights: LossWeights): Promise<{ readonly parts: readonly FinishedBatch[]; readonly gradients: NamedTensors }> {
    const { accumulation, objective } = this.#recipe;
    const parts: FinishedBatch[] = [];
    this.#gradientSum.clear();
    for (let part = 0; part < accumulation; part++) {
      const place = this.#step * accumulation + part;
      const batch = await this.#source.batch(place);
      await expectSame(this.#communicator, () => batchKey(batch), { what: `the batch of step ${this.#step + 1}`, wayOut: SAME_DATA });
      const { gradients, ...result } = await this.#run(batch, { lossWeights, place });
      const scale = (batch.kind === "language" ? objective.languageWeight : 1) / accumulation;
      parts.push({ batch, result });
      if (accumulation === 1 && scale === 1) return { parts, gradients };
      this.#gradientSum.add(gradients, scale);
    }
    return { parts, gradients: this.#gradientSum.take() };
  }

  async #run(batch: TrainingBatch, { lossWeights, place }: BatchPlace): Promise<StepResult> {
    const estimator = this.#estimator?.parameters ?? new Map<string, FloatTensor>();
    const result = await this.#runner.run({
      batch,
      weights: this.#model.weights,
      estimator,
      lossWeights,
      lossScale: this.#scaler?.scale,
      randomKeys: [this.#recipe.seed, place],
    });
    this.#checkFinite(result.loss, batch);
    return result;
  }

  /** Lets the estimator learn from the step's batches, and looks at the paths. */
  async #observe(parts: readonly FinishedBatch[], { regulariserWeight }: LossWeights): Promise<Partial<StepMetrics>> {
    const embeddings = parts.flatMap(({ result }) => result.embeddings ?? []);
    const [first] = embeddings;
    if (first === undefined || this.#model.paths.count === 1) return {};
    const readings: EstimatorReading[] = [];
    for (const { queryPaths, targetPaths } of embeddings) {
      const reading = await this.#estimator?.train({ queries: unitRows(queryPaths), targets: unitRows(targetPaths) });
      if (reading !== undefined) readings.push(reading);
    }
    const isDue = this.#step % this.#recipe.diversityEverySteps === 0;
    return {
      regulariserWeight,
      ...(readings[0] === undefined ? {} : { estimator: logReading(readings[0]) }),
      ...(isDue ? { diversity: measureBatch(first) } : {}),
    };
  }

  #checkFinite(loss: number, batch: TrainingBatch): void {
    if (Number.isFinite(loss)) return;
    throw new TrainingError({
      message: `step ${this.#step + 1} (${batch.task}): the loss is ${loss}. ${this.#scaler === undefined ? "" : FORWARD_OVERFLOW}Resume from the last checkpoint with a smaller optimizer.learningRate or a longer warm-up`,
      details: { step: this.#step + 1, task: batch.task, loss: String(loss) },
    });
  }
}

/** The loss itself is computed in float32 and before it is scaled. */
const FORWARD_OVERFLOW =
  'No scale of the loss mends that: activations may be too large for float16; go on with "precision": "bfloat16" or "float32". Or: ';

const SAME_DATA = "give all processes the same data, in the same files";

function lossWeightsAt({ objective }: Recipe, step: number): LossWeights {
  return {
    temperature: objective.temperature,
    pathWeight: objective.pathWeight,
    regulariserWeight: objective.regulariserWeight * warmUpShare(step, objective.regulariserWarmUpSteps),
  };
}

function foreignState(name: string): TrainingError {
  return new TrainingError({
    message: `the checkpoint does not hold "${name}" as this recipe's model has it: it belongs to another recipe. Use another run folder, or the recipe it was made with`,
    details: { tensor: name },
  });
}
