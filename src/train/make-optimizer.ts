import { isPathParameter } from "../model/paths/path-config.ts";
import { AdamW } from "./optimizer/adamw.ts";
import { Muon } from "./optimizer/muon.ts";
import type { Optimizer } from "./optimizer/optimizer.ts";
import type { ParameterGroup } from "./optimizer/parameter-groups.ts";
import { RoutedOptimizer } from "./optimizer/routed-optimizer.ts";
import type { RecipeOptimizer } from "./recipe/recipe-types.ts";

/**
 * The optimizer of a recipe. Paths have their own learning rate and no decay; norms, biases and embeddings have no decay.
 * With Muon, the matrices of the layers are Muon's and all else is AdamW's, whose rate is a fixed share of Muon's.
 */
export function makeOptimizer(options: RecipeOptimizer, threads?: number): Optimizer {
  const { kind, weightDecay, betas } = options;
  const adamw = (scale: number): AdamW => new AdamW({ betas, weightDecay, groups: adamGroups(options, scale) });
  if (kind === "adamw") return adamw(1);
  const muon = new Muon({ weightDecay, ...(threads === undefined ? {} : { threads }) });
  return new RoutedOptimizer([
    { name: "muon", optimizer: muon, matches: isLayerMatrix },
    { name: "adamw", optimizer: adamw(options.adamShare), matches: () => true },
  ]);
}

function adamGroups({ pathLearningRateMultiplier }: RecipeOptimizer, scale: number): ParameterGroup[] {
  return [
    { matches: isPathParameter, learningRateMultiplier: pathLearningRateMultiplier * scale, weightDecay: 0 },
    { matches: (name, shape) => shape.length < 2 || isTable(name), learningRateMultiplier: scale, weightDecay: 0 },
    { matches: () => true, learningRateMultiplier: scale },
  ];
}

function isLayerMatrix(name: string, shape: readonly number[]): boolean {
  return shape.length === 2 && !isPathParameter(name) && !isTable(name);
}

/** Tables of rows that are looked up one by one. */
function isTable(name: string): boolean {
  return name.endsWith("embed_tokens.weight") || name === "lm_head.weight";
}
