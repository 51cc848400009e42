import { GraphBuilder } from "../../engine/graph/graph-builder.ts";
import { encodeBatch, type ModelGraphOptions } from "../../model/multimodal/model.ts";
import type { VisionMode } from "../../model/multimodal/token-batch.ts";
import { Parameters } from "../../model/nn/parameter-source.ts";
import { lossOfEmbeddings, type LossOptions } from "../objective/loss-graph.ts";
import { LOSS_SCOPE } from "../precision/precision.ts";
import type { StepGraph } from "./step-graph.ts";

/** How a contrastive step is built. */
export interface ContrastiveGraphOptions {
  readonly model: Omit<ModelGraphOptions, "vision" | "inputPrefix">;
  readonly loss: LossOptions;
  readonly queryVision: VisionMode;
  readonly targetVision: VisionMode;
}

/** Prefixes of the batch inputs of the two sides. */
export const SIDE_PREFIXES = { query: "query.", target: "target." } as const;

/**
 * A whole contrastive step as one graph: queries and targets are encoded each as a batch of their own, then the loss. The direct way, for batches that
 * fit into memory; GradCache gives the same gradients in chunks.
 * Outputs: those of `lossOfEmbeddings`, and `queryPaths` [B, N, D], `targetPaths` [M, N, D] for the estimator and for diversity.
 */
export function contrastiveGraph({ model, loss, queryVision, targetVision }: ContrastiveGraphOptions): StepGraph {
  const builder = new GraphBuilder();
  const parameters = new Parameters(builder, model);
  const query = encodeBatch(parameters, { ...model, vision: queryVision, inputPrefix: SIDE_PREFIXES.query });
  const target = encodeBatch(parameters, { ...model, vision: targetVision, inputPrefix: SIDE_PREFIXES.target });
  const embeddings = {
    queryPaths: query.paths,
    targetPaths: target.paths,
    queryAggregate: query.aggregate,
    targetAggregate: target.aggregate,
  };
  const outputs = builder.scope(LOSS_SCOPE, () => lossOfEmbeddings(embeddings, loss));
  const graph = builder.finish({ ...outputs, queryPaths: query.paths, targetPaths: target.paths });
  return { graph, shapes: parameters.shapes };
}
