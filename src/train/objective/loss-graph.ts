import { differentiate } from "../../engine/autodiff/differentiate.ts";
import { symbol, type Shape } from "../../engine/graph/dimension.ts";
import { GraphBuilder, type Graph } from "../../engine/graph/graph-builder.ts";
import { add, l2Normalize, mul, reduceMean } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import { estimatorInputs, SIDES, type EstimatorShape, type Side } from "./estimator-graph.ts";
import { infoNce, pathInfoNce, type InfoNceOutputs, type PathInfoNceOutputs } from "./info-nce.ts";
import { orthogonality } from "./orthogonality.ts";
import { pairsOf } from "./path-pairs.ts";
import { standardisedPairs, vclub } from "./vclub.ts";

/** What keeps the paths apart. */
export type Regulariser =
  | { readonly kind: "none" }
  | { readonly kind: "orthogonality"; readonly centred: boolean }
  | { readonly kind: "vclub"; readonly estimator: EstimatorShape };

/** What a loss graph is built for. */
export interface LossOptions {
  /** N; 1 is single-path contrastive training (SSC). */
  readonly pathCount: number;
  /** D */
  readonly dimensions: number;
  readonly regulariser: Regulariser;
  /** Also lets targets look for their queries; no if not given. */
  readonly symmetric?: boolean;
}

/** The four embeddings that the model gives and the loss takes, of any length. */
export const EMBEDDINGS = ["queryPaths", "targetPaths", "queryAggregate", "targetAggregate"] as const;
export type EmbeddingName = (typeof EMBEDDINGS)[number];

/**
 * `L = InfoNCE(aggregate) + a · mean_i InfoNCE(path i) + b · R`, R the mean over queries and targets of the regulariser: vCLUB (mean over
 * pairs, nats per dimension), orthogonality, or none. Embeddings are brought to unit length inside.
 *
 * With one path the aggregate IS the path, there are no pairs, and L is plain InfoNCE: the second and third term are left out of the
 * graph, whatever a and b are. The path's own loss is still given.
 *
 * Inputs: `queryPaths` [B, N, D], `targetPaths` [M, N, D], `queryAggregate` [B, D], `targetAggregate` [M, D], `positives` and `excluded`
 * [B, M], scalars `temperature`, `pathWeight` (a) and `regulariserWeight` (b), and the estimator's tensors for vCLUB.
 * Outputs: `loss`, `aggregateLoss`, `aggregatePrecision`, `pathLosses` [N], `pathPrecisions` [N], `regulariser` (0 for none).
 * M = B + H: targets, then hard negatives.
 */
export function buildLossGraph(options: LossOptions): Graph {
  const builder = new GraphBuilder();
  return builder.finish(lossOfEmbeddings(embeddingInputs(builder, options), options));
}

/** The outputs of {@link buildLossGraph} for embeddings that the graph itself makes; masks, weights and estimator are still its inputs. */
export function lossOfEmbeddings(embeddings: EmbeddingValues, options: LossOptions): Readonly<Record<string, Value>> {
  const { builder } = embeddings.queryPaths;
  const { queryPaths, targetPaths, queryAggregate, targetAggregate } = unitEmbeddings(embeddings);
  const contrast = contrastInputs(builder, embeddings, options);
  const aggregate = builder.scope("aggregate", () => infoNce({ queries: queryAggregate, targets: targetAggregate, ...contrast }));
  const paths = builder.scope("paths", () => pathInfoNce({ queries: queryPaths, targets: targetPaths, ...contrast }));
  const regulariser = builder.scope("regulariser", () => regularise({ queries: queryPaths, targets: targetPaths }, options));
  return {
    loss: options.pathCount === 1 ? aggregate.loss : weightedSum(builder, { aggregate, paths, regulariser }),
    aggregateLoss: aggregate.loss,
    aggregatePrecision: aggregate.precision,
    pathLosses: paths.perPath,
    pathPrecisions: paths.precision,
    regulariser: regulariser ?? builder.scalar(0),
  };
}

/** The four embeddings as values of a graph. */
export type EmbeddingValues = Readonly<Record<EmbeddingName, Value>>;

/** Embeddings that the loss depends on: with one path the aggregate alone (the model's gradient reaches the path through it). */
function differentiatedEmbeddings({ pathCount }: Pick<LossOptions, "pathCount">): readonly EmbeddingName[] {
  return pathCount === 1 ? ["queryAggregate", "targetAggregate"] : EMBEDDINGS;
}

/** The loss graph with outputs `gradient:<embedding>`: GradCache's second step. */
export function buildLossGradientGraph(options: LossOptions): Graph {
  return differentiate(buildLossGraph(options), { losses: ["loss"], inputs: differentiatedEmbeddings(options) });
}

/** Declared so that every input exists whatever the regulariser. */
function embeddingInputs(builder: GraphBuilder, { pathCount, dimensions }: LossOptions): EmbeddingValues {
  const [queries, targets] = [symbol("queries"), symbol("targets")];
  return {
    queryPaths: builder.input("queryPaths", "float32", [queries, pathCount, dimensions]),
    targetPaths: builder.input("targetPaths", "float32", [targets, pathCount, dimensions]),
    queryAggregate: builder.input("queryAggregate", "float32", [queries, dimensions]),
    targetAggregate: builder.input("targetAggregate", "float32", [targets, dimensions]),
  };
}

function unitEmbeddings(embeddings: EmbeddingValues): EmbeddingValues {
  return {
    queryPaths: l2Normalize(embeddings.queryPaths),
    targetPaths: l2Normalize(embeddings.targetPaths),
    queryAggregate: l2Normalize(embeddings.queryAggregate),
    targetAggregate: l2Normalize(embeddings.targetAggregate),
  };
}

interface Contrast {
  readonly positives: Value;
  readonly excluded: Value;
  readonly temperature: Value;
  readonly symmetric: boolean;
}

function contrastInputs(builder: GraphBuilder, embeddings: EmbeddingValues, { symmetric = false }: LossOptions): Contrast {
  const mask = [embeddings.queryAggregate.shape[0], embeddings.targetAggregate.shape[0]] as Shape;
  return {
    positives: builder.input("positives", "float32", mask),
    excluded: builder.input("excluded", "float32", mask),
    temperature: builder.input("temperature", "float32", []),
    symmetric,
  };
}

interface Terms {
  readonly aggregate: InfoNceOutputs;
  readonly paths: PathInfoNceOutputs;
  readonly regulariser: Value | undefined;
}

function weightedSum(builder: GraphBuilder, { aggregate, paths, regulariser }: Terms): Value {
  const contrastive = add(aggregate.loss, mul(builder.input("pathWeight", "float32", []), paths.loss));
  if (regulariser === undefined) return contrastive;
  return add(contrastive, mul(builder.input("regulariserWeight", "float32", []), regulariser));
}

/** Mean over queries and targets; undefined where there is nothing to keep apart. */
function regularise(paths: Readonly<Record<Side, Value>>, { pathCount, regulariser }: LossOptions): Value | undefined {
  if (pathCount === 1) return undefined;
  switch (regulariser.kind) {
    case "none":
      return undefined;
    case "orthogonality":
      return meanOfSides((side) => orthogonality(paths[side], regulariser));
    case "vclub": {
      const parameters = estimatorInputs(paths.queries.builder, regulariser.estimator);
      const pairs = pairsOf(pathCount, regulariser.estimator.pairs);
      return meanOfSides((side) => reduceMean(vclub(standardisedPairs(paths[side], pairs), parameters[side]), [0]));
    }
  }
}

function meanOfSides(term: (side: Side) => Value): Value {
  const [queries, targets] = SIDES.map(term) as [Value, Value];
  return mul(add(queries, targets), 0.5);
}
