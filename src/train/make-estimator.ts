import type { EstimatorShape } from "./objective/estimator-graph.ts";
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
export async function makeEstimator(choice: EstimatorChoice): Promise<MutualInformationEstimator | undefined> {
  const { recipe, threads } = choice;
  const { regulariser } = recipe.objective;
  const shape = estimatorShapeOf(choice);
  if (regulariser.kind !== "vclub" || shape === undefined) return undefined;
  const { learningRate, innerSteps } = regulariser;
  return MutualInformationEstimator.create({
    ...shape,
    learningRate,
    innerSteps,
    seed: recipe.seed,
    ...(threads === undefined ? {} : { threads }),
  });
}

/** Sizes of that estimator. */
export function estimatorShapeOf({
  recipe,
  model,
}: Pick<EstimatorChoice, "model"> & { readonly recipe: Pick<Recipe, "objective"> }): EstimatorShape | undefined {
  const { regulariser } = recipe.objective;
  if (regulariser.kind !== "vclub" || model.paths.count === 1) return undefined;
  const { pairs, hiddenWidth } = regulariser;
  return { pathCount: model.paths.count, dimensions: model.backbone.decoder.hiddenSize, pairs, hiddenWidth };
}

/** A recipe's regulariser as the loss knows it. @param estimator which has been made for it, or its shape. */
export function regulariserOf(
  { objective }: Pick<Recipe, "objective">,
  estimator: { readonly shape: EstimatorShape } | undefined,
): Regulariser {
  const { regulariser } = objective;
  if (regulariser.kind !== "vclub") return regulariser;
  return estimator === undefined ? { kind: "none" } : { kind: "vclub", estimator: estimator.shape };
}
