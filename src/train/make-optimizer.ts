import { isPathParameter } from "../model/paths/path-config.ts";
import { AdamW } from "./optimizer/adamw.ts";
import type { Optimizer } from "./optimizer/optimizer.ts";
import type { ParameterGroup } from "./optimizer/parameter-groups.ts";
import type { RecipeOptimizer } from "./recipe/recipe-types.ts";

/** The optimizer of a recipe. Paths have their own learning rate and no decay; norms, biases and embeddings have no decay. */
export function makeOptimizer(options: RecipeOptimizer): Optimizer {
  const { weightDecay, betas, pathLearningRateMultiplier } = options;
  const groups: ParameterGroup[] = [
    { matches: isPathParameter, learningRateMultiplier: pathLearningRateMultiplier, weightDecay: 0 },
    { matches: (name, shape) => shape.length < 2 || name.endsWith("embed_tokens.weight"), weightDecay: 0 },
  ];
  return new AdamW({ betas, weightDecay, groups });
}
