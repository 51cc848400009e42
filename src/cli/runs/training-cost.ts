import { sizeOf } from "../../engine/tensor/tensor.ts";
import { embeddingGraph, outputLayerShapes } from "../../model/multimodal/model.ts";
import type { ModelFolder } from "../../model/folder/open-model-folder.ts";
import type { BatchSource } from "../../train/batch-source.ts";
import type { Recipe } from "../../train/recipe/recipe-types.ts";
import { trainingProcessor } from "../../train/steps/processor-adapter.ts";
import { trainableFilter } from "../../train/trainable.ts";
import { StepCosts } from "../planning/step-costs.ts";
import type { LoggedTrainingStep } from "./run-log.ts";

/** A run whose cost is counted. */
export interface CountedRun {
  readonly recipe: Recipe;
  readonly model: Pick<ModelFolder, "polyvec" | "processor" | "lora">;
  readonly source: BatchSource;
  readonly steps: readonly LoggedTrainingStep[];
}

/**
 * Floating point operations of a run's training, as {@link StepCosts} counts them: of one batch of each task it drew, times the steps of that task.
 */
export async function trainingFlops({ recipe, model: { processor, polyvec, lora }, source, steps }: CountedRun): Promise<number> {
  const stepsByTask = new Map<string, LoggedTrainingStep[]>();
  for (const step of steps) stepsByTask.set(step.task, [...(stepsByTask.get(step.task) ?? []), step]);
  const { backbone } = processor;
  const model = { backbone, paths: polyvec.paths, lora, processor: trainingProcessor(processor, recipe.model.maxTokens) };
  const costs = new StepCosts({ recipe, model });
  let total = 0;
  for (const [first, ...others] of stepsByTask.values()) {
    if (first !== undefined)
      total += (1 + others.length) * (await costs.of(await source.batch((first.step - 1) * recipe.accumulation))).flops;
  }
  return total * recipe.accumulation;
}

/** How many numbers a recipe trains. */
export function trainableParameters({ recipe, model: { processor, polyvec, lora } }: Pick<CountedRun, "recipe" | "model">): number {
  const { backbone } = processor;
  const { shapes } = embeddingGraph({ backbone, paths: polyvec.paths, lora, vision: "uniform" });
  const isTrainable = trainableFilter(recipe.model, backbone);
  return [...shapes, ...outputLayerShapes(backbone)].reduce((sum, [name, shape]) => sum + (isTrainable(name) ? sizeOf(shape) : 0), 0);
}
