import { sizeOf } from "../engine/tensor/tensor.ts";
import type { RecipeModel } from "./recipe/recipe-types.ts";
import { trainableFilter } from "./trainable.ts";

/** How many numbers a model has. */
export interface ParameterCounts {
  readonly total: number;
  /** Those that training changes. */
  readonly trained: number;
}

/** Counts a model's weights, and those of them that a recipe trains. */
export function countParameters(
  weights: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  model: Pick<RecipeModel, "lora" | "freeze">,
  backbone: Parameters<typeof trainableFilter>[1],
): ParameterCounts {
  const isTrainable = trainableFilter(model, backbone);
  let [total, trained] = [0, 0];
  for (const [name, { shape }] of weights) {
    total += sizeOf(shape);
    if (isTrainable(name)) trained += sizeOf(shape);
  }
  return { total, trained };
}
