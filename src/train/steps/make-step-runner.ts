import type { Regulariser } from "../objective/loss-graph.ts";
import type { Recipe } from "../recipe/recipe-types.ts";
import type { TrainableModel } from "../trainer.ts";
import { StepRunner, type StepInputs, type StepResult } from "./step-runner.ts";

/** Computes the loss and the gradients of a batch. */
export interface StepEngine {
  run(inputs: StepInputs): Promise<StepResult>;
  dispose(): Promise<void>;
}

export interface StepEngineOptions {
  readonly recipe: Recipe;
  readonly model: TrainableModel;
  readonly regulariser: Regulariser;
  readonly trainable: (name: string) => boolean;
  readonly threads: number | undefined;
}

/** The engine that a recipe asks for. */
export function makeStepRunner({ recipe, model, regulariser, trainable, threads }: StepEngineOptions): StepEngine {
  const { config, paths, lora, processor } = model;
  const { symmetric } = recipe.objective;
  return new StepRunner({ model: { config, paths, lora }, regulariser, symmetric, processor, trainable, threads });
}
