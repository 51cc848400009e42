import { MutualInformationEstimator } from "./objective/mutual-information-estimator.ts";
import type { Regulariser } from "./objective/loss-graph.ts";
import type { Recipe } from "./recipe/recipe-types.ts";
import type { TrainableModel } from "./trainable-model.ts";

/** What an estimator is made for. */
export interface EstimatorChoice {
  readonly recipe: Pick<Recipe, "objective" | "seed">;
  readonly model: Pick<TrainableModel, "paths" | "backbone">;
  readonly threads?: number | undefined;
}

/** The estimator that a recipe's regulariser needs: none but for vCLUB between several paths. */
export async function makeEstimator({ recipe, model, threads }: EstimatorChoice): Promise<MutualInformationEstimator | undefined> {
  const { regulariser } = recipe.objective;
  if (regulariser.kind !== "vclub" || model.paths.count === 1) return undefined;
  const { pairs, hiddenWidth, learningRate, innerSteps } = regulariser;
  return MutualInformationEstimator.create({
    pathCount: model.paths.count,
    dimensions: model.backbone.decoder.hiddenSize,
    pairs,
    hiddenWidth,
    learningRate,
    innerSteps,
    seed: recipe.seed,
    ...(threads === undefined ? {} : { threads }),
  });
}

/** A recipe's regulariser as the loss knows it. */
export function regulariserOf({ objective }: Pick<Recipe, "objective">, estimator: MutualInformationEstimator | undefined): Regulariser {
  const { regulariser } = objective;
  if (regulariser.kind !== "vclub") return regulariser;
  return estimator === undefined ? { kind: "none" } : { kind: "vclub", estimator: estimator.shape };
}
