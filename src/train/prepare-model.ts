import type { FloatTensor } from "../engine/tensor/tensor.ts";
import { ConfigError, present } from "../errors/families.ts";
import { nearestName } from "../files/nearest-name.ts";
import { parseQwen2VLConfig, type Qwen2VLConfig } from "../model/backbones/qwen2-vl/config.ts";
import type { ImageProcessorConfig } from "../model/multimodal/patches/image-processor.ts";
import { embeddingGraph, outputLayerShapes } from "../model/multimodal/model.ts";
import { qwen2VLProcessor } from "../model/backbones/qwen2-vl/backbone.ts";
import type { Backbone } from "../model/multimodal/backbone.ts";
import type { InputProcessor } from "../model/multimodal/input-processor.ts";
import { isAdapterWeight } from "../model/nn/lora-layers.ts";
import { openModelFolder, openModelSettings } from "../model/folder/open-model-folder.ts";
import { trainBytePairEncoding, type QWEN2_SPECIAL_TOKENS } from "../model/formats/byte-pair-encoding.ts";
import { createTokenizer, type Tokenizer } from "../model/formats/tokenizer.ts";
import type { TokenizerJson } from "../model/formats/tokenizer-json.ts";
import { initializeWeights } from "../model/initialize.ts";
import { initialMagnitudes } from "../model/nn/merge-lora.ts";
import { isPathParameter, isPrefix, type PathConfig } from "../model/paths/path-config.ts";
import { BaseWeights } from "./base-weights.ts";
import { allShapes, type FrozenWeight, type FrozenWeights } from "./frozen-weights.ts";
import { trainingProcessor } from "./steps/processor-adapter.ts";
import { trainableFilter } from "./trainable.ts";
import type { TrainableModel } from "./trainable-model.ts";
import type { Recipe, RecipeModel, RecipePaths } from "./recipe/recipe-types.ts";

/** A model made ready for training, with all that its folder will hold. */
export interface PreparedModel {
  readonly paths: PathConfig;
  /** What is trained, and what is not but cannot be used as it lies in the base's files. The initial value of prefixes is still to be scaled by calibration. */
  readonly weights: ReadonlyMap<string, FloatTensor>;
  /** The base's weights that are not trained, left where they lie. */
  readonly frozen: FrozenWeights;
  /** The folder of the base, if there is one. */
  readonly baseFolder: string | undefined;
  /** The folder that holds the backbone, if training leaves all of it as it is there. */
  readonly backboneFolder: string | undefined;
  /** Turns inputs into tokens and patches; it also holds the backbone's configuration. */
  readonly processor: InputProcessor;
  /** For the model folder: the tokenizer's file, or the folder it is copied from. */
  readonly tokenizerSource: TokenizerJson | string;
  /** Instructions that the base was trained with, by what they are for. */
  readonly instructions: Readonly<Record<string, string>>;
  /** Whether the prefixes were drawn anew and not taken from the base. */
  readonly hasFreshPrefixes: boolean;
}

/** Scale of prefixes before calibration. */
const UNCALIBRATED_PREFIX_SCALE = 1;

/**
 * The model that a recipe starts from: a base folder with fresh paths and adapters, or a new model with a tokenizer of its own.
 * @param baseFolder the resolved `model.base`. @param texts what a new tokenizer learns from.
 * @throws {ConfigError} {FileError} {WeightsError} if base or configuration are wrong.
 */
export async function prepareModel(
  recipe: Recipe,
  { baseFolder, texts }: { readonly baseFolder: string | undefined; readonly texts: () => Texts },
): Promise<PreparedModel> {
  if (baseFolder === undefined) return prepareNewModel(recipe, texts());
  await using base = await openModelFolder(baseFolder);
  const { polyvec } = base;
  const processor = withImageSize(base.processor, recipe.model.imageSize);
  const paths = toPathConfig(recipe.model.paths);
  const shapes = weightShapes(recipe, processor.backbone, paths);
  const stored = new BaseWeights(base, recipe.model.lora);
  const fresh = new Map([...shapes].filter(([name, shape]) => !stored.has(name, shape)));
  const drawn = await drawWeights(fresh, { recipe, backbone: processor.backbone, read: (name) => stored.read(name) });
  const isTrainable = trainableFilter(recipe.model, processor.backbone);
  const [weights, frozen] = [new Map<string, FloatTensor>(), new Map<string, FrozenWeight>()];
  for (const [name, shape] of shapes) {
    const data = fresh.has(name) || isTrainable(name) ? undefined : stored.locate(name);
    if (data === undefined) weights.set(name, drawn.get(name) ?? (await stored.read(name)));
    else frozen.set(name, { shape, data });
  }
  const holder = base.basePath ?? base.path;
  const keepsBackbone = [...weights.keys()].every(
    (name) => isPathParameter(name) || isAdapterWeight(name) || !(fresh.has(name) || isTrainable(name) || stored.isChanged(name)),
  );
  return {
    paths,
    weights,
    frozen,
    baseFolder,
    backboneFolder: keepsBackbone ? holder : undefined,
    processor,
    tokenizerSource: holder,
    instructions: polyvec.instructions,
    hasFreshPrefixes: [...fresh.keys()].some(isPrefix),
  };
}

/** What can be said of a recipe's model before any weight is there. */
export interface ModelOutline {
  readonly paths: PathConfig;
  readonly processor: InputProcessor;
  /** Shapes of all weights by name, those of the output layer with them. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

/**
 * The model that a recipe would start from, without its weights: those of the base need not be there.
 * @throws {ConfigError} {FileError} if base or configuration are wrong.
 */
export async function outlineModel(
  recipe: Recipe,
  { baseFolder, texts }: { readonly baseFolder: string | undefined; readonly texts: () => Texts },
): Promise<ModelOutline> {
  const paths = toPathConfig(recipe.model.paths);
  const processor =
    baseFolder === undefined
      ? (await newProcessor(recipe, texts())).processor
      : withImageSize((await openModelSettings(baseFolder)).processor, recipe.model.imageSize);
  return { paths, processor, shapes: weightShapes(recipe, processor.backbone, paths) };
}

/** What a prepared model comes to, its weights apart. */
export function outlineOf(prepared: PreparedModel): ModelOutline {
  const shapes = [...allShapes(prepared)].map(([name, { shape }]) => [name, shape] as const);
  return { paths: prepared.paths, processor: prepared.processor, shapes: new Map(shapes) };
}

/** A prepared model as training changes it. */
export function trainableModel({ model }: Pick<Recipe, "model">, { paths, weights, frozen, processor }: PreparedModel): TrainableModel {
  return {
    backbone: processor.backbone,
    paths,
    lora: model.lora,
    weights,
    frozen,
    processor: trainingProcessor(processor, model.maxTokens),
  };
}

/** The paths of a recipe as the model knows them. */
function toPathConfig({ count, prefixLength, topology, aggregation }: RecipePaths): PathConfig {
  return { count, prefixLength, topology, aggregation };
}

type Texts = Iterable<string> | AsyncIterable<string>;

/** The processor of a model from scratch, with a tokenizer learnt from texts. */
async function newProcessor({ name, model }: Recipe, texts: Texts): Promise<Pick<PreparedModel, "processor" | "tokenizerSource">> {
  const file = `${name}: model.config`;
  const tokenizerSource = trainBytePairEncoding(await allOf(texts), { vocabSize: model.vocabularySize ?? DEFAULT_VOCABULARY });
  const tokenizer = createTokenizer(tokenizerSource, { file: "the new tokenizer" });
  const config = parseQwen2VLConfig({ ...model.config, vocab_size: tokenizer.vocabSize, ...tokenIds(tokenizer) }, { file });
  const imageProcessor = newImageProcessor(config, model.imageSize ?? DEFAULT_IMAGE_SIZE);
  return { processor: qwen2VLProcessor(config, { tokenizer, imageProcessor }), tokenizerSource };
}

async function prepareNewModel(recipe: Recipe, texts: Texts): Promise<PreparedModel> {
  const { processor, tokenizerSource } = await newProcessor(recipe, texts);
  const { backbone } = processor;
  const paths = toPathConfig(recipe.model.paths);
  const weights = await drawWeights(weightShapes(recipe, backbone, paths), { recipe, backbone });
  const noBase = { frozen: new Map<string, FrozenWeight>(), baseFolder: undefined, backboneFolder: undefined };
  return { paths, weights, ...noBase, processor, tokenizerSource, instructions: {}, hasFreshPrefixes: true };
}

async function allOf(texts: Texts): Promise<Iterable<string>> {
  if (Symbol.iterator in texts) return texts;
  const all: string[] = [];
  for await (const text of texts) all.push(text);
  return all;
}

/** The base's processor, with the sizes of pictures that a recipe asks for. */
function withImageSize(processor: InputProcessor, imageSize: RecipeModel["imageSize"]): InputProcessor {
  if (imageSize === undefined) return processor;
  return processor.withPixels({ minPixels: imageSize.minimum ** 2, maxPixels: imageSize.maximum ** 2 });
}

const DEFAULT_VOCABULARY = 4096;
const DEFAULT_IMAGE_SIZE = { minimum: 64, maximum: 64 };

/** White becomes 0: drawings are mostly background. */
function newImageProcessor(
  { vision }: Qwen2VLConfig,
  imageSize: { readonly minimum: number; readonly maximum: number },
): ImageProcessorConfig {
  return {
    patchSize: vision.patchSize,
    temporalPatchSize: vision.temporalPatchSize,
    mergeSize: vision.spatialMergeSize,
    minPixels: imageSize.minimum ** 2,
    maxPixels: imageSize.maximum ** 2,
    doResize: true,
    rescaleFactor: 1 / 255,
    mean: [1, 1, 1],
    standardDeviation: [0.5, 0.5, 0.5],
  };
}

function tokenIds({ specialTokens }: Tokenizer): Record<string, number> {
  const id = (content: (typeof QWEN2_SPECIAL_TOKENS)[number]): number => present(specialTokens.get(content), content);
  return {
    image_token_id: id("<|image_pad|>"),
    video_token_id: id("<|video_pad|>"),
    vision_start_token_id: id("<|vision_start|>"),
    vision_end_token_id: id("<|vision_end|>"),
    eos_token_id: id("<|endoftext|>"),
    pad_token_id: id("<|endoftext|>"),
  };
}

/** Shapes of all weights by name, those of the output layer with them. */
function weightShapes(recipe: Recipe, backbone: Backbone, paths: PathConfig): ReadonlyMap<string, readonly number[]> {
  const { shapes } = embeddingGraph({ backbone, paths, vision: "uniform", lora: recipe.model.lora });
  checkAdapters(shapes, recipe);
  return new Map([...shapes, ...outputLayerShapes(backbone)]);
}

interface Drawing {
  readonly recipe: Recipe;
  readonly backbone: Backbone;
  /** Gives a weight that is not drawn. */
  readonly read?: (name: string) => Promise<FloatTensor>;
}

/** Initial values of the weights that a base does not have. */
async function drawWeights(
  shapes: ReadonlyMap<string, readonly number[]>,
  { recipe, backbone, read }: Drawing,
): Promise<Map<string, FloatTensor>> {
  const { prefixScale } = recipe.model.paths;
  const { lora } = recipe.model;
  const weights = initializeWeights(shapes, {
    seed: recipe.seed,
    layerCount: Math.max(backbone.decoder.layerCount, backbone.vision.layerCount),
    prefixScale: prefixScale === "calibrated" ? UNCALIBRATED_PREFIX_SCALE : prefixScale,
  });
  if (lora === undefined) return weights;
  const readAny = async (name: string): Promise<FloatTensor> => weights.get(name) ?? present(await read?.(name), name);
  for (const [name, magnitudes] of await initialMagnitudes(shapes.keys(), lora, readAny)) weights.set(name, magnitudes);
  return weights;
}

/** @throws {ConfigError} if adapters are asked for on layers that the model does not have. */
function checkAdapters(shapes: ReadonlyMap<string, readonly number[]>, { name: recipe, model: { lora } }: Recipe): void {
  const layers = new Set([...shapes.keys()].flatMap((name) => /([^.]+)\.weight$/.exec(name)?.[1] ?? []));
  const missing = lora?.targetModules.find((target) => ![...shapes.keys()].some((name) => name.endsWith(`${target}.lora_A.weight`)));
  if (missing === undefined) return;
  const near = nearestName(missing, layers);
  const hint = near === undefined ? "correct or remove it" : `did you mean ${near}?`;
  throw new ConfigError({
    message: `${recipe}: model.lora.targetModules names ${missing}, and no layer of the model has that name; ${hint}`,
    details: { field: "model.lora.targetModules", got: missing, expected: near ?? [...layers] },
  });
}
