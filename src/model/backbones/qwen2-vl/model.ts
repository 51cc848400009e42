import { present } from "../../../errors/families.ts";
import { multiplyDimensions, symbol, type Dimension } from "../../../engine/graph/dimension.ts";
import { GraphBuilder, type Graph } from "../../../engine/graph/graph-builder.ts";
import { concat, gather, l2Normalize, reshape } from "../../../engine/graph/operators.ts";
import type { Value } from "../../../engine/graph/value.ts";
import { Parameters, type LoraConfig, type ParameterPlace, type ParameterSource } from "../../nn/parameter-source.ts";
import type { RecomputeOptions } from "../../nn/recomputed-layers.ts";
import { aggregate } from "../../paths/aggregation.ts";
import type { PathConfig } from "../../paths/path-config.ts";
import type { PathInputs } from "../../paths/path-inputs.ts";
import { runPaths, runTrunk } from "../../paths/run-paths.ts";
import type { Qwen2VLConfig } from "./config.ts";
import { qwen2VLDecoder } from "./decoder.ts";
import { visionTower } from "./vision-tower.ts";

/** Whether a batch has images: none, all of one size, or of several sizes (padded and masked). */
export type VisionMode = "none" | "uniform" | "ragged";

/** How a model's graph is built. */
export interface ModelGraphOptions extends RecomputeOptions {
  readonly config: Qwen2VLConfig;
  readonly paths: PathConfig;
  readonly vision: VisionMode;
  readonly lora?: LoraConfig | undefined;
  /** Put before the names of the batch's inputs and symbols, so that one graph can hold several batches. */
  readonly inputPrefix?: string;
  /** Where each weight lies; graph inputs if not given. */
  readonly place?: (name: string) => ParameterPlace;
}

/** A batch's lengths. */
interface BatchSymbols {
  readonly batch: Dimension;
  readonly tokens: Dimension;
  readonly images: Dimension;
  readonly blocks: Dimension;
}

function batchSymbols({ inputPrefix = "" }: ModelGraphOptions): BatchSymbols {
  const named = (name: string): Dimension => symbol(`${inputPrefix}${name}`);
  return { batch: named("batch"), tokens: named("tokens"), images: named("images"), blocks: named("blocks") };
}

/** What a batch of inputs becomes inside a graph. */
export interface EncodedBatch {
  /** [B, N, hidden] float32, not normalised. */
  readonly paths: Value;
  /** [B, hidden] float32, not normalised. */
  readonly aggregate: Value;
}

/** Declares a batch's inputs and encodes it. Inputs are those that `modelInputs` makes of a processed batch. */
export function encodeBatch(parameters: ParameterSource, options: ModelGraphOptions): EncodedBatch {
  const decoder = qwen2VLDecoder(parameters, options.config, options);
  const paths = runPaths(parameters, decoder, options.paths, decoderInputs(parameters, options));
  return { paths, aggregate: parameters.builder.scope("paths.aggregate", () => aggregate(parameters, options.paths, paths)) };
}

/** All tokens' final hidden states, no path: `[B, T, hidden]`. */
export function encodeTokens(parameters: ParameterSource, options: ModelGraphOptions): Value {
  return runTrunk(qwen2VLDecoder(parameters, options.config, options), decoderInputs(parameters, options));
}

/** A graph that embeds: outputs `paths` [B, N, hidden] and `aggregate` [B, hidden], both of unit length. */
export function embeddingGraph(options: ModelGraphOptions): {
  readonly graph: Graph;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
} {
  const parameters = new Parameters(new GraphBuilder(), options);
  const encoded = encodeBatch(parameters, options);
  const graph = parameters.builder.finish({ paths: l2Normalize(encoded.paths), aggregate: l2Normalize(encoded.aggregate) });
  return { graph, shapes: parameters.shapes };
}

/** A graph that gives all tokens' final hidden states: output `hidden` [B, T, hidden]. */
export function hiddenStatesGraph(options: ModelGraphOptions): {
  readonly graph: Graph;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
} {
  const parameters = new Parameters(new GraphBuilder(), options);
  const graph = parameters.builder.finish({ hidden: encodeTokens(parameters, options) });
  return { graph, shapes: parameters.shapes };
}

/** The token embeddings `[vocabulary, hidden]`, which are also the output layer where the two are tied. */
function tokenTable(parameters: ParameterSource, { vocabSize, hiddenSize }: Qwen2VLConfig): Value {
  return parameters.parameter("model.embed_tokens.weight", [vocabSize, hiddenSize]);
}

const OUTPUT_LAYER = "lm_head.weight";

/** The output layer's shape by name where it is a weight of its own, else nothing: language modelling asks for it, embedding does not. */
export function outputLayerShapes({ tieWordEmbeddings, vocabSize, hiddenSize }: Qwen2VLConfig): ReadonlyMap<string, readonly number[]> {
  return new Map(tieWordEmbeddings ? [] : [[OUTPUT_LAYER, [vocabSize, hiddenSize]]]);
}

/** The output layer `[vocabulary, hidden]`. */
export function outputTable(parameters: ParameterSource, config: Qwen2VLConfig): Value {
  const shape = outputLayerShapes(config).get(OUTPUT_LAYER);
  return shape === undefined ? tokenTable(parameters, config) : parameters.parameter(OUTPUT_LAYER, shape);
}

function decoderInputs(parameters: ParameterSource, options: ModelGraphOptions): PathInputs {
  const { builder } = parameters;
  const { config, paths, inputPrefix = "" } = options;
  const { batch, tokens } = batchSymbols(options);
  const half = config.headDimension / 2;
  const table = (name: string, length: Dimension): Value => builder.input(inputPrefix + name, "float32", [batch, length, half]);
  return {
    hidden: builder.scope("model.embed", () => embeddedTokens(parameters, options)),
    cosines: table("cosines", tokens),
    sines: table("sines", tokens),
    lastRows: builder.input(`${inputPrefix}lastRows`, "int32", [batch]),
    readouts:
      paths.topology.kind === "shared"
        ? {
            lengths: builder.input(`${inputPrefix}lengths`, "int32", [batch]),
            cosines: table("readoutCosines", paths.count * paths.topology.readoutTokens),
            sines: table("readoutSines", paths.count * paths.topology.readoutTokens),
          }
        : undefined,
  };
}

/** Token embeddings with the image features put in their places: `[B, T, hidden]`. The vision tower runs once per image. */
function embeddedTokens(parameters: ParameterSource, options: ModelGraphOptions): Value {
  const { builder } = parameters;
  const { config, vision, inputPrefix = "" } = options;
  const { batch, tokens, images, blocks } = batchSymbols(options);
  const words = gather(tokenTable(parameters, config), builder.input(`${inputPrefix}inputIds`, "int32", [batch, tokens]));
  if (vision === "none") return words;
  const features = imageFeatures(parameters, options);
  const rows = reshape(words, [multiplyDimensions(batch, tokens), config.hiddenSize]);
  const width = present(features.shape[2], "feature width");
  const flat = reshape(features, [multiplyDimensions(images, blocks), width]);
  return gather(concat([rows, flat], 0), builder.input(`${inputPrefix}sourceRows`, "int32", [batch, tokens]));
}

/** Declares a batch's images and encodes each once: `[images, blocks, hidden]`, a row for each token that stands for a part of it. */
export function imageFeatures(parameters: ParameterSource, options: ModelGraphOptions): Value {
  const { builder } = parameters;
  const { inputPrefix = "" } = options;
  const { vision } = options.config;
  const { images, blocks } = batchSymbols(options);
  const perBlock = vision.spatialMergeSize ** 2;
  const patches = multiplyDimensions(blocks, perBlock);
  const input = (name: string, width: number): Value =>
    reshape(builder.input(inputPrefix + name, "float32", [images, blocks, perBlock, width]), [images, patches, width]);
  const half = vision.embedDimension / vision.headCount / 2;
  const padding = (): Value =>
    reshape(builder.input(`${inputPrefix}visionBias`, "float32", [images, blocks, perBlock]), [images, 1, 1, patches]);
  const seen = {
    pixelValues: input("pixelValues", vision.inChannels * vision.temporalPatchSize * vision.patchSize ** 2),
    cosines: input("visionCosines", half),
    sines: input("visionSines", half),
    bias: options.vision === "ragged" ? padding() : undefined,
  };
  return visionTower(parameters, vision, seen, options);
}
