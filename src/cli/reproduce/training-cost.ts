import { differentiate } from "../../engine/autodiff/differentiate.ts";
import { bindInputs } from "../../engine/graph/bind-inputs.ts";
import type { Graph } from "../../engine/graph/graph-builder.ts";
import { sizeOf, type Tensor } from "../../engine/tensor/tensor.ts";
import { countFlops } from "../../eval/benchmark/count-flops.ts";
import type { EmbeddingInput } from "../../inputs/embedding-input.ts";
import { modelInputs } from "../../model/multimodal/model-inputs.ts";
import { visionModeOf, type TokenBatch } from "../../model/multimodal/token-batch.ts";
import { embeddingGraph } from "../../model/multimodal/model.ts";
import type { VisionMode } from "../../model/multimodal/token-batch.ts";
import type { ModelFolder } from "../../model/folder/open-model-folder.ts";
import type { BatchSource } from "../../train/batch-source.ts";
import type { Recipe } from "../../train/recipe/recipe-types.ts";
import { contrastiveGraph, SIDE_PREFIXES } from "../../train/steps/contrastive-graph.ts";
import { trainableFilter } from "../../train/trainable.ts";
import type { LoggedTrainingStep } from "./run-log.ts";

/** A run whose cost is counted. */
export interface CountedRun {
  readonly recipe: Recipe;
  readonly model: Pick<ModelFolder, "polyvec" | "processor" | "lora">;
  readonly source: BatchSource;
  readonly steps: readonly LoggedTrainingStep[];
}

/**
 * Floating point operations of a run's training: of the matrix products, forward and backward, of one batch of each task it drew, times the steps of
 * that task. The regulariser (under 1 %) and the optimiser are left out.
 */
export async function trainingFlops(run: CountedRun): Promise<number> {
  const stepsByTask = new Map<string, LoggedTrainingStep[]>();
  for (const step of run.steps) stepsByTask.set(step.task, [...(stepsByTask.get(step.task) ?? []), step]);
  const counter = new StepCounter(run);
  let total = 0;
  for (const [first, ...others] of stepsByTask.values()) {
    if (first !== undefined) total += (1 + others.length) * (await counter.flopsOf(first.step - 1));
  }
  return total * run.recipe.accumulation;
}

/** How many numbers a recipe trains. */
export function trainableParameters({ recipe, model: { processor, polyvec, lora } }: Pick<CountedRun, "recipe" | "model">): number {
  const { shapes } = embeddingGraph({ backbone: processor.backbone, paths: polyvec.paths, lora, vision: "uniform" });
  const isTrainable = trainableFilter(recipe.model, processor.backbone);
  return [...shapes].reduce((sum, [name, shape]) => sum + (isTrainable(name) ? sizeOf(shape) : 0), 0);
}

/** Counts single steps; a graph serves all batches of its kind. */
class StepCounter {
  readonly #run: CountedRun;
  readonly #graphs = new Map<string, Graph>();

  constructor(run: CountedRun) {
    this.#run = run;
  }

  /** @param step from 0. */
  async flopsOf(step: number): Promise<number> {
    const batch = await this.#run.source.batch(step * this.#run.recipe.accumulation);
    if (batch.kind === "language") return 0; // fine-tuning draws contrastive batches only
    const [query, target] = [await this.#tokens(batch.queries), await this.#tokens(batch.targets)];
    const graph = this.#graph(visionModeOf(query), visionModeOf(target));
    const masks = { shape: [batch.queries.length, batch.targets.length] };
    const inputs = { ...this.#inputs(query, SIDE_PREFIXES.query), ...this.#inputs(target, SIDE_PREFIXES.target), positives: masks };
    const known = [...graph.inputs].filter(([name]) => Object.hasOwn(inputs, name));
    return countFlops(graph, bindInputs({ inputs: new Map(known) }, inputs));
  }

  #tokens(inputs: readonly EmbeddingInput[]): Promise<TokenBatch> {
    const { processor, polyvec } = this.#run.model;
    return processor.processBatch(inputs, polyvec.maxTokens === undefined ? {} : { maxTokens: polyvec.maxTokens });
  }

  #inputs(batch: TokenBatch, prefix: string): Record<string, Tensor> {
    const { processor, polyvec } = this.#run.model;
    const inputs = Object.entries(modelInputs(processor.backbone, polyvec.paths, batch));
    return Object.fromEntries(inputs.map(([name, tensor]) => [prefix + name, tensor]));
  }

  #graph(queryVision: VisionMode, targetVision: VisionMode): Graph {
    const key = `${queryVision} ${targetVision}`;
    const known = this.#graphs.get(key);
    if (known !== undefined) return known;
    const { recipe, model } = this.#run;
    const { backbone } = model.processor;
    const loss = {
      pathCount: model.polyvec.paths.count,
      dimensions: backbone.decoder.hiddenSize,
      regulariser: { kind: "none" },
      symmetric: recipe.objective.symmetric,
    } as const;
    const options = { model: { backbone, paths: model.polyvec.paths, lora: model.lora }, loss, queryVision, targetVision };
    const { graph } = contrastiveGraph(options);
    const trainable = [...graph.inputs.keys()].filter(trainableFilter(recipe.model, backbone));
    const made = differentiate(graph, { losses: ["loss"], inputs: trainable });
    this.#graphs.set(key, made);
    return made;
  }
}
