import type { Communicator } from "../distributed/communicator.ts";
import type { Regulariser } from "../objective/loss-graph.ts";
import type { Recipe } from "../recipe/recipe-types.ts";
import { trainingPlaces } from "../frozen-weights.ts";
import type { TrainableModel } from "../trainable-model.ts";
import { needsChunks, type ChunkSize } from "./chunk-sizes.ts";
import { GradCacheRunner } from "./grad-cache-runner.ts";
import type { StepEngine, StepInputs, StepResult } from "./step-engine.ts";
import { StepRunner } from "./step-runner.ts";

/** What an engine is chosen by. */
export interface StepRunnerChoice {
  readonly recipe: Pick<Recipe, "chunkSize" | "recompute" | "objective" | "precision">;
  readonly model: TrainableModel;
  readonly regulariser: Regulariser;
  /** Which weights are trained. */
  readonly trainable: (name: string) => boolean;
  readonly threads: number | undefined;
  /** The processes that share a batch; this one alone if not given. */
  readonly communicator?: Communicator | undefined;
}

/**
 * The engine that a recipe asks for: whole batches at once, or in chunks those that do not fit into one. Several processes share every batch, each
 * with the chunks of its share, or its share whole.
 */
export function makeStepRunner({ recipe, model, regulariser, trainable, threads, communicator }: StepRunnerChoice): StepEngine {
  const { backbone, paths, lora, frozen, processor } = model;
  const { chunkSize, recompute, objective, precision } = recipe;
  const options = {
    model: { backbone, paths, lora, recompute, isTraining: true, place: trainingPlaces(frozen) },
    regulariser,
    symmetric: objective.symmetric,
    processor,
    trainable,
    threads,
    precision,
  };
  if (communicator !== undefined && communicator.size > 1) {
    const trained = new Map([...model.weights].filter(([name]) => trainable(name)));
    return new GradCacheRunner({ ...options, chunkSize: chunkSize ?? Number.MAX_SAFE_INTEGER, together: { communicator, trained } });
  }
  const whole = new StepRunner(options);
  return chunkSize === undefined ? whole : new SizedEngine(whole, new GradCacheRunner({ ...options, chunkSize }), chunkSize);
}

/** Runs batches up to a size whole and larger ones in chunks. */
class SizedEngine implements StepEngine {
  readonly #whole: StepEngine;
  readonly #chunked: StepEngine;
  readonly #chunkSize: ChunkSize;

  constructor(whole: StepEngine, chunked: StepEngine, chunkSize: ChunkSize) {
    this.#whole = whole;
    this.#chunked = chunked;
    this.#chunkSize = chunkSize;
  }

  run(inputs: StepInputs): Promise<StepResult> {
    return (needsChunks(inputs.batch, this.#chunkSize) ? this.#chunked : this.#whole).run(inputs);
  }

  async dispose(): Promise<void> {
    await Promise.all([this.#whole.dispose(), this.#chunked.dispose()]);
  }
}
