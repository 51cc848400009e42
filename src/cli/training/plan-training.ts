import { flops } from "../../eval/report/format-number.ts";
import { PLAIN_BACKBONE } from "../../model/folder/polyvec-config.ts";
import type { Backbone } from "../../model/multimodal/backbone.ts";
import { weightPart, type WeightPart } from "../../model/multimodal/weight-parts.ts";
import { countParameters, type ParameterCounts } from "../../train/count-parameters.ts";
import { batchSize, type TrainingBatch } from "../../train/batch-source.ts";
import { prepareModel } from "../../train/prepare-model.ts";
import type { Recipe } from "../../train/recipe/recipe-types.ts";
import type { OpenedData } from "../../train/sources/recipe-source.ts";
import { formatCount } from "../inspection/format-numbers.ts";
import { trainingFlops } from "../reproduce/training-cost.ts";
import { formatTable } from "../terminal/table.ts";

/** What a recipe comes to. */
export interface TrainingPlan {
  /** With all its defaults. */
  readonly recipe: Recipe;
  readonly parameters: Readonly<Record<WeightPart | "all", ParameterCounts>>;
  /** Means over the first steps. */
  readonly step: {
    /** Queries and targets, or captions. */
    readonly inputs: number;
    /** Of the matrix products, forward and backward; captions, the regulariser and recomputation are left out. */
    readonly flops: number;
  };
}

/** Steps that are looked at. */
const STEPS = 8;

/** Works out what a recipe would train and what a step of it costs, without training. @throws as `prepareModel`. */
export async function planTraining(recipe: Recipe, baseFolder: string | undefined, { source, texts }: OpenedData): Promise<TrainingPlan> {
  const { paths, weights, processor } = await prepareModel(recipe, { baseFolder, texts });
  const { lora, maxTokens } = recipe.model;
  const drawn: TrainingBatch[] = [];
  for (let step = 0; step < STEPS * recipe.accumulation; step++) drawn.push(await source.batch(step));
  const steps = drawn.map(({ task }, step) => ({ step: step + 1, task, loss: 0, seconds: 0 }));
  const model = { polyvec: { ...PLAIN_BACKBONE, paths, maxTokens }, processor, lora };
  const allFlops = await trainingFlops({ recipe: { ...recipe, accumulation: 1 }, model, source, steps });
  return {
    recipe,
    parameters: countParts(weights, recipe, processor.backbone),
    step: { inputs: drawn.reduce((sum, batch) => sum + batchSize(batch), 0) / STEPS, flops: allFlops / STEPS },
  };
}

function countParts(weights: Parameters<typeof countParameters>[0], { model }: Recipe, backbone: Backbone): TrainingPlan["parameters"] {
  const count = (part?: WeightPart): ParameterCounts =>
    countParameters(new Map([...weights].filter(([name]) => part === undefined || weightPart(backbone, name) === part)), model, backbone);
  const [vision, decoder, embeddings, adapters, paths] = PARTS.map(count) as [
    ParameterCounts,
    ParameterCounts,
    ParameterCounts,
    ParameterCounts,
    ParameterCounts,
  ];
  return { vision, decoder, embeddings, adapters, paths, all: count() };
}

const PARTS = ["vision", "decoder", "embeddings", "adapters", "paths"] as const;

/** A plan as text for people. */
export function printPlan({ recipe, parameters, step }: TrainingPlan): string {
  const rows = Object.entries(parameters).filter(([, { total }]) => total > 0);
  const right = "right";
  const table = formatTable(
    [{ title: "parameters" }, { title: "all", align: right }, { title: "trained", align: right }],
    rows.map(([part, { total, trained }]) => [part, formatCount(total), formatCount(trained)]),
  );
  const cost = `a step: ${formatCount(Math.round(step.inputs))} inputs, ${flops(step.flops)} of matrix products, forward and backward`;
  return [JSON.stringify(recipe, null, 2), table, cost].join("\n\n");
}
