import { trainBytePairEncoding } from "../../src/model/formats/byte-pair-encoding.ts";
import type { Qwen2VLConfig } from "../../src/model/backbones/qwen2-vl/config.ts";
import { qwen2VLBackbone } from "../../src/model/backbones/qwen2-vl/backbone.ts";
import { qwen2VLImages } from "../../src/model/backbones/qwen2-vl/image-preparer.ts";
import { QWEN2_VL_IMAGE_PROCESSOR, type ImageProcessorConfig } from "../../src/model/backbones/qwen2-vl/image-processor.ts";
import { embeddingGraph } from "../../src/model/multimodal/model.ts";
import { PLAIN_BACKBONE } from "../../src/model/folder/polyvec-config.ts";
import type { ModelContents } from "../../src/model/folder/save-model-folder.ts";
import type { TokenizerJson } from "../../src/model/formats/tokenizer-json.ts";
import { initializeWeights } from "../../src/model/initialize.ts";
import type { LoraConfig } from "../../src/model/nn/parameter-source.ts";
import type { PathConfig } from "../../src/model/paths/path-config.ts";

export const TINY_PATHS: PathConfig = { count: 3, prefixLength: 2, topology: { kind: "parallel" }, aggregation: "gate" };

export const TINY_LORA: LoraConfig = { rank: 2, alpha: 4, targetModules: ["q_proj", "v_proj"], rankStabilized: false };

const TEXTS = ["a happy cat", "a sad dog", "find the picture of a red apple", "cats and dogs"];

/** A whole model of random weights, small enough for a test: two layers of width 32, patches of 4 pixels. */
export function tinyModel({
  paths = TINY_PATHS,
  lora,
  seed = 1,
}: { readonly paths?: PathConfig; readonly lora?: LoraConfig; readonly seed?: number } = {}): ModelContents {
  const tokenizer = trainBytePairEncoding(TEXTS, { vocabSize: 300 });
  const config = tinyConfig(tokenizer);
  const backbone = qwen2VLBackbone(config);
  const { shapes } = embeddingGraph({ backbone, paths, vision: "uniform", lora });
  const weights = initializeWeights(shapes, { seed, layerCount: config.layerCount });
  for (const name of weights.keys()) if (name.endsWith(".lora_B.weight")) weights.get(name)?.data.fill(0.1);
  return {
    backbone,
    polyvec: { ...PLAIN_BACKBONE, paths, instructions: { "target-image": "a picture" }, maxTokens: 64, provenance: { seed } },
    images: qwen2VLImages(config, TINY_IMAGE_PROCESSOR),
    tokenizer,
    weights,
    lora,
    card: "# tiny\n",
  };
}

const TINY_IMAGE_PROCESSOR: ImageProcessorConfig = {
  ...QWEN2_VL_IMAGE_PROCESSOR,
  patchSize: 4,
  minPixels: 8 * 8,
  maxPixels: 32 * 32,
};

function tinyConfig({ model, added_tokens: added }: TokenizerJson): Qwen2VLConfig {
  const id = (token: string): number => added.find(({ content }) => content === token)?.id ?? 0;
  return {
    vocabSize: Object.keys(model.vocab).length + added.length,
    hiddenSize: 32,
    intermediateSize: 48,
    layerCount: 2,
    headCount: 2,
    keyValueHeadCount: 1,
    headDimension: 16,
    rmsNormEpsilon: 1e-6,
    ropeTheta: 10_000,
    ropeSections: [2, 3, 3],
    tieWordEmbeddings: true,
    imageTokenId: id("<|image_pad|>"),
    videoTokenId: id("<|video_pad|>"),
    visionStartTokenId: id("<|vision_start|>"),
    visionEndTokenId: id("<|vision_end|>"),
    eosTokenId: id("<|endoftext|>"),
    padTokenId: id("<|endoftext|>"),
    maxPositions: 512,
    initializerRange: 0.02,
    vision: {
      embedDimension: 16,
      depth: 1,
      headCount: 2,
      mlpRatio: 2,
      hiddenSize: 32,
      patchSize: 4,
      temporalPatchSize: 2,
      spatialMergeSize: 2,
      inChannels: 3,
      hiddenActivation: "quick_gelu",
    },
  };
}
