import type { FloatTensor } from "../engine/tensor/tensor.ts";
import { present } from "../errors/families.ts";
import { parseQwen2VLConfig, type Qwen2VLConfig } from "../model/backbones/qwen2-vl/config.ts";
import type { ImageProcessorConfig } from "../model/backbones/qwen2-vl/image-processor.ts";
import { embeddingGraph } from "../model/backbones/qwen2-vl/model.ts";
import { openModelFolder, type ModelFolder } from "../model/folder/open-model-folder.ts";
import { QWEN2_SPECIAL_TOKENS, trainBytePairEncoding } from "../model/formats/byte-pair-encoding.ts";
import { createTokenizer, type Tokenizer } from "../model/formats/tokenizer.ts";
import type { TokenizerJson } from "../model/formats/tokenizer-json.ts";
import { initializeWeights } from "../model/initialize.ts";
import { isPathParameter, type PathConfig } from "../model/paths/path-config.ts";
import type { Recipe, RecipePaths } from "./recipe/recipe-types.ts";

/** A model made ready for training, with all that its folder will hold. */
export interface PreparedModel {
  readonly config: Qwen2VLConfig;
  readonly paths: PathConfig;
  /** By name; the initial value of prefixes is still to be scaled by calibration. */
  readonly weights: Map<string, FloatTensor>;
  readonly tokenizer: Tokenizer;
  /** For the model folder: the tokenizer's file, or the folder it is copied from. */
  readonly tokenizerSource: TokenizerJson | string;
  readonly imageProcessor: ImageProcessorConfig;
  /** Whether the paths were drawn anew and not taken from the base. */
  readonly hasFreshPaths: boolean;
}

/** Scale of prefixes before calibration. */
export const UNCALIBRATED_PREFIX_SCALE = 1;

/**
 * The model that a recipe starts from: a base folder with fresh paths and adapters, or a new model with a tokenizer of its own.
 * @param baseFolder the resolved `model.base`. @param texts what a new tokenizer learns from.
 * @throws {ConfigError} {FileError} {WeightsError} if base or configuration are wrong.
 */
export async function prepareModel(
  recipe: Recipe,
  { baseFolder, texts }: { readonly baseFolder: string | undefined; readonly texts: () => Iterable<string> },
): Promise<PreparedModel> {
  if (baseFolder === undefined) return prepareNewModel(recipe, texts());
  await using base = await openModelFolder(baseFolder);
  const { config, tokenizer, imageProcessor } = base;
  const paths = toPathConfig(recipe.model.paths);
  const fresh = freshWeights(recipe, config, paths);
  let hasFreshPaths = false;
  for (const [name, tensor] of fresh) {
    const stored = await storedWeight(base, name, tensor);
    if (stored !== undefined) fresh.set(name, stored);
    else if (isPathParameter(name)) hasFreshPaths = true;
  }
  return { config, paths, weights: fresh, tokenizer, tokenizerSource: base.basePath ?? base.path, imageProcessor, hasFreshPaths };
}

/** The paths of a recipe as the model knows them. */
export function toPathConfig({ count, prefixLength, topology, aggregation }: RecipePaths): PathConfig {
  return { count, prefixLength, topology, aggregation };
}

function prepareNewModel(recipe: Recipe, texts: Iterable<string>): PreparedModel {
  const { model } = recipe;
  const file = `${recipe.name}: model.config`;
  const tokenizerSource = trainBytePairEncoding(texts, { vocabSize: model.vocabularySize ?? DEFAULT_VOCABULARY });
  const tokenizer = createTokenizer(tokenizerSource, { file: "the new tokenizer" });
  const config = parseQwen2VLConfig({ ...model.config, vocab_size: tokenizer.vocabSize, ...tokenIds(tokenizer) }, { file });
  const paths = toPathConfig(model.paths);
  const imageProcessor = newImageProcessor(config, model.imageSize ?? DEFAULT_IMAGE_SIZE);
  return { config, paths, weights: freshWeights(recipe, config, paths), tokenizer, tokenizerSource, imageProcessor, hasFreshPaths: true };
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

function freshWeights(recipe: Recipe, config: Qwen2VLConfig, paths: PathConfig): Map<string, FloatTensor> {
  const { shapes } = embeddingGraph({ config, paths, vision: "uniform", lora: recipe.model.lora });
  const { prefixScale } = recipe.model.paths;
  return initializeWeights(shapes, {
    seed: recipe.seed,
    layerCount: Math.max(config.layerCount, config.vision.depth),
    prefixScale: prefixScale === "calibrated" ? UNCALIBRATED_PREFIX_SCALE : prefixScale,
  });
}

/** A base's weight of that name and shape; paths of another kind are left behind. */
async function storedWeight({ weights }: ModelFolder, name: string, { shape }: FloatTensor): Promise<FloatTensor | undefined> {
  if (!weights.shapes.has(name)) return undefined;
  const stored = await weights.read(name);
  return stored.shape.length === shape.length && stored.shape.every((length, axis) => length === shape[axis]) ? stored : undefined;
}
