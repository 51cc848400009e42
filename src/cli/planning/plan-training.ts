import { flops } from "../../eval/report/format-number.ts";
import type { Backbone } from "../../model/multimodal/backbone.ts";
import { weightPart, type WeightPart } from "../../model/multimodal/weight-parts.ts";
import { countParameters, type ParameterCounts } from "../../train/count-parameters.ts";
import { batchSize, type BatchSource } from "../../train/batch-source.ts";
import type { ModelOutline } from "../../train/prepare-model.ts";
import type { Recipe } from "../../train/recipe/recipe-types.ts";
import { trainingProcessor } from "../../train/steps/processor-adapter.ts";
import { formatCount } from "../inspection/format-numbers.ts";
import { formatTable } from "../terminal/table.ts";
import type { Traffic } from "./graph-memory.ts";
import { PreparingWatch } from "./preparing-watch.ts";
import { both, NO_COST, StepCosts } from "./step-costs.ts";

/** What a recipe comes to. */
export interface TrainingPlan {
  /** With all its defaults. */
  readonly recipe: Recipe;
  readonly parameters: Readonly<Record<WeightPart | "all", ParameterCounts>>;
  /** Bytes that the data holds while it is trained on. */
  readonly dataBytes: number;
  /** Means over {@link batches}, times the batches of a step. */
  readonly step: {
    /** Queries and targets, or captions. */
    readonly inputs: number;
    /** Of the matrix products, forward and backward, with what `chunkSize` and `recompute` do twice. */
    readonly flops: number;
    /** Bytes that everything else reads and writes. */
    readonly traffic: Traffic;
    /** Operations that are started. */
    readonly operations: number;
    /** Numbers that the estimator of mutual information learns. */
    readonly estimatorUpdates: number;
    /** Seconds that making the inputs ready took here, beside the model: a median. */
    readonly preparing: number;
    /** Bytes that the graphs of all kinds of batches hold, each for its largest, beside weights, gradients and the optimiser's state. */
    readonly activations: number;
  };
  /** The first batches that the recipe draws. */
  readonly batches: {
    readonly drawn: number;
    /** How many of them are for language modelling. */
    readonly captions: number;
    /** Whether they were made up, because the data is not there. */
    readonly isAssumed?: true;
  };
}

/** Batches that are looked at where the data is there. */
const BATCHES = 20;

/** What stands for the batches of a training. */
export interface PlannedBatches {
  readonly source: BatchSource;
  /** Batches that are looked at. */
  readonly count?: number;
  /** How many times as large the recipe's batches are. */
  readonly scale?: number;
  readonly isAssumed?: true;
  /** Bytes that the data holds while it is trained on. */
  readonly heldBytes?: number | undefined;
}

/** Works out what a recipe would train and what a step of it costs, without training. */
export async function planTraining(
  recipe: Recipe,
  { paths, processor, shapes }: ModelOutline,
  { source, count = BATCHES, scale = 1, isAssumed, heldBytes = 0 }: PlannedBatches,
): Promise<TrainingPlan> {
  const { backbone } = processor;
  const watch = new PreparingWatch();
  const model = {
    backbone,
    paths,
    lora: recipe.model.lora,
    processor: watch.processor(trainingProcessor(processor, recipe.model.maxTokens)),
  };
  const counter = new StepCosts({ recipe, model });
  const sums = { inputs: 0, captions: 0 };
  let cost = NO_COST;
  for (let place = 0; place < count; place++) {
    watch.begin();
    const batch = await watch.time(async () => source.batch(place));
    cost = both(cost, await counter.of(batch));
    sums.inputs += batchSize(batch);
    sums.captions += batch.kind === "language" ? 1 : 0;
  }
  const ofStep = (sum: number): number => (sum / count) * scale * recipe.accumulation;
  return {
    recipe,
    dataBytes: heldBytes,
    parameters: countParts(new Map([...shapes].map(([name, shape]) => [name, { shape }])), recipe, backbone),
    step: {
      inputs: ofStep(sums.inputs),
      flops: ofStep(cost.flops),
      traffic: { cached: ofStep(cost.traffic.cached), main: ofStep(cost.traffic.main) },
      operations: ofStep(cost.operations),
      estimatorUpdates: ofStep(cost.estimatorUpdates),
      preparing: watch.median() * scale * recipe.accumulation,
      activations: [...cost.held.values()].reduce((sum, bytes) => sum + bytes, 0),
    },
    batches: { drawn: count, captions: sums.captions, ...(isAssumed && { isAssumed }) },
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
