import { flops } from "../../eval/report/format-number.ts";
import type { Backbone } from "../../model/multimodal/backbone.ts";
import { weightPart, type WeightPart } from "../../model/multimodal/weight-parts.ts";
import { countParameters, type ParameterCounts } from "../../train/count-parameters.ts";
import { allShapes } from "../../train/frozen-weights.ts";
import { batchSize } from "../../train/batch-source.ts";
import { prepareModel, trainableModel } from "../../train/prepare-model.ts";
import type { Recipe } from "../../train/recipe/recipe-types.ts";
import type { OpenedData } from "../../train/sources/opened-data.ts";
import { formatCount } from "../inspection/format-numbers.ts";
import { formatTable } from "../terminal/table.ts";
import { StepFlops } from "./step-flops.ts";

/** What a recipe comes to. */
export interface TrainingPlan {
  /** With all its defaults. */
  readonly recipe: Recipe;
  readonly parameters: Readonly<Record<WeightPart | "all", ParameterCounts>>;
  /** Means over {@link batches}, times the batches of a step. */
  readonly step: {
    /** Queries and targets, or captions. */
    readonly inputs: number;
    /** Of the matrix products, forward and backward, with what `chunkSize` and `recompute` do twice; the regulariser is left out. */
    readonly flops: number;
  };
  /** The first batches that the recipe draws. */
  readonly batches: {
    readonly drawn: number;
    /** How many of them are for language modelling. */
    readonly captions: number;
  };
}

/** Batches that are looked at. */
const BATCHES = 20;

/** Works out what a recipe would train and what a step of it costs, without training. @throws as `prepareModel`. */
export async function planTraining(recipe: Recipe, baseFolder: string | undefined, { source, texts }: OpenedData): Promise<TrainingPlan> {
  const prepared = await prepareModel(recipe, { baseFolder, texts });
  const counter = new StepFlops({ recipe, model: trainableModel(recipe, prepared) });
  const sums = { inputs: 0, flops: 0, captions: 0 };
  for (let place = 0; place < BATCHES; place++) {
    const batch = await source.batch(place);
    sums.inputs += batchSize(batch);
    sums.flops += await counter.of(batch);
    sums.captions += batch.kind === "language" ? 1 : 0;
  }
  const ofStep = (sum: number): number => (sum / BATCHES) * recipe.accumulation;
  return {
    recipe,
    parameters: countParts(allShapes(prepared), recipe, prepared.processor.backbone),
    step: { inputs: ofStep(sums.inputs), flops: ofStep(sums.flops) },
    batches: { drawn: BATCHES, captions: sums.captions },
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
export function printPlan({ recipe, parameters, step, batches }: TrainingPlan): string {
  const rows = Object.entries(parameters).filter(([, { total }]) => total > 0);
  const right = "right";
  const table = formatTable(
    [{ title: "parameters" }, { title: "all", align: right }, { title: "trained", align: right }],
    rows.map(([part, { total, trained }]) => [part, formatCount(total), formatCount(trained)]),
  );
  const mixture = batches.captions === 0 ? "" : `, ${batches.captions} of them captions`;
  const drawn = `mean of ${batches.drawn} batches${mixture}`;
  const cost = `a step: ${formatCount(Math.round(step.inputs))} inputs, ${flops(step.flops)} of matrix products, forward and backward (${drawn})`;
  return [JSON.stringify(recipe, null, 2), table, cost].join("\n\n");
}
