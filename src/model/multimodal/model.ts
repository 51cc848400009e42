import { multiplyDimensions, symbol, type Dimension } from "../../engine/graph/dimension.ts";
import { GraphBuilder, type Graph } from "../../engine/graph/graph-builder.ts";
import { concat, gather, l2Normalize, mul, reshape } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import { LoraDropout } from "../nn/lora-dropout.ts";
import { Parameters, withDropout, type LoraConfig, type ParameterPlace, type ParameterSource } from "../nn/parameter-source.ts";
import type { RecomputeOptions } from "../nn/recomputed-layers.ts";
import { aggregate } from "../paths/aggregation.ts";
import type { PathConfig } from "../paths/path-config.ts";
import type { PathInputs } from "../paths/path-inputs.ts";
import { runPaths, runTrunk } from "../paths/run-paths.ts";
import { lookUp } from "../nn/token-table.ts";
import { transformerDecoder } from "../nn/transformer-decoder.ts";
import type { DecoderConfig } from "../nn/decoder-config.ts";
import type { Backbone } from "./backbone.ts";
import type { VisionMode } from "./token-batch.ts";

/** How a model's graph is built. */
export interface ModelGraphOptions extends RecomputeOptions {
  readonly backbone: Backbone;
  readonly paths: PathConfig;
  readonly vision: VisionMode;
  readonly lora?: LoraConfig | undefined;
  /** Put before the names of the batch's inputs and symbols, so that one graph can hold several batches. */
  readonly inputPrefix?: string;
  /** Leaves out inputs of the adapters as their dropout says; the graph then takes `dropoutSeeds` [B] int32, a random number for each input of the batch. */
  readonly isTraining?: boolean | undefined;
  /** Where each weight lies; graph inputs if not given. */
  readonly place?: (name: string) => ParameterPlace;
}

/** A batch's lengths. */
interface BatchSymbols {
  readonly batch: Dimension;
  readonly tokens: Dimension;
}

function batchSymbols({ inputPrefix = "" }: ModelGraphOptions): BatchSymbols {
  const named = (name: string): Dimension => symbol(`${inputPrefix}${name}`);
  return { batch: named("batch"), tokens: named("tokens") };
}

/** What a batch of inputs becomes inside a graph. */
export interface EncodedBatch {
  /** [B, N, hidden] float32, not normalised. */
  readonly paths: Value;
  /** [B, hidden] float32, not normalised. */
  readonly aggregate: Value;
}

/** Declares a batch's inputs and encodes it. Inputs are those that `modelInputs` makes of a processed batch. */
export function encodeBatch(source: ParameterSource, options: ModelGraphOptions): EncodedBatch {
  const parameters = droppingSource(source, options);
  const decoder = transformerDecoder(parameters, options.backbone.decoder, options);
  const paths = runPaths(parameters, decoder, options.paths, decoderInputs(parameters, options));
  return { paths, aggregate: parameters.builder.scope("paths.aggregate", () => aggregate(parameters, options.paths, paths)) };
}

/** All tokens' final hidden states, no path: `[B, T, hidden]`. */
export function encodeTokens(source: ParameterSource, options: ModelGraphOptions): Value {
  const parameters = droppingSource(source, options);
  return runTrunk(transformerDecoder(parameters, options.backbone.decoder, options), decoderInputs(parameters, options));
}

function droppingSource(source: ParameterSource, options: ModelGraphOptions): ParameterSource {
  const { isTraining = false, lora, inputPrefix = "" } = options;
  const rate = lora?.dropout ?? 0;
  if (!isTraining || rate === 0) return source;
  const { batch, tokens } = batchSymbols(options);
  return withDropout(
    source,
    new LoraDropout(rate, { seeds: source.builder.input(`${inputPrefix}dropoutSeeds`, "int32", [batch]), tokens }),
  );
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
function tokenTable(parameters: ParameterSource, { vocabSize, hiddenSize, names }: DecoderConfig): Value {
  return parameters.parameter(`${names.tokens}.weight`, [vocabSize, hiddenSize]);
}

/** The output layer's shape by name where it is a weight of its own, else nothing: language modelling asks for it, embedding does not. */
export function outputLayerShapes({ decoder }: Pick<Backbone, "decoder">): ReadonlyMap<string, readonly number[]> {
  const { tieWordEmbeddings, names, vocabSize, hiddenSize } = decoder;
  return new Map(tieWordEmbeddings ? [] : [[`${names.head}.weight`, [vocabSize, hiddenSize]]]);
}

/** The output layer `[vocabulary, hidden]`. */
export function outputTable(parameters: ParameterSource, backbone: Pick<Backbone, "decoder">): Value {
  const untied = [...outputLayerShapes(backbone)][0];
  return untied === undefined ? tokenTable(parameters, backbone.decoder) : parameters.parameter(...untied);
}

function decoderInputs(parameters: ParameterSource, options: ModelGraphOptions): PathInputs {
  const { builder } = parameters;
  const { backbone, paths, inputPrefix = "" } = options;
  const { batch, tokens } = batchSymbols(options);
  const half = backbone.decoder.headDimension / 2;
  const table = (name: string, length: Dimension): Value => builder.input(inputPrefix + name, "float32", [batch, length, half]);
  return {
    ...builder.scope("model.embed", () => embeddedTokens(parameters, options)),
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

/** Token embeddings with the image features put in their places, and what is added there in the layers. The vision tower runs once per image. */
function embeddedTokens(parameters: ParameterSource, options: ModelGraphOptions): Pick<PathInputs, "hidden" | "deep"> {
  const { builder } = parameters;
  const { backbone, vision, inputPrefix = "", recompute } = options;
  const { batch, tokens } = batchSymbols(options);
  const { hiddenSize } = backbone.decoder;
  const { names, vocabSize } = backbone.decoder;
  const ids = builder.input(`${inputPrefix}inputIds`, "int32", [batch, tokens]);
  const words = lookUp(parameters, ids, { name: `${names.tokens}.weight`, rows: vocabSize, width: hiddenSize });
  if (vision === "none") return { hidden: words };
  const { features, deep = [] } = backbone.encodeImages(parameters, { vision, inputPrefix, recompute });
  const sourceRows = builder.input(`${inputPrefix}sourceRows`, "int32", [batch, tokens]);
  const rows = reshape(words, [multiplyDimensions(batch, tokens), hiddenSize]);
  const none = deep.length === 0 ? undefined : mul(rows, 0);
  return {
    hidden: gather(concat([rows, features], 0), sourceRows),
    ...(none === undefined ? {} : { deep: deep.map((added) => gather(concat([none, added], 0), sourceRows)) }),
  };
}
