import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { sizeOf, floatTensor, type FloatTensor } from "../../src/engine/tensor/tensor.ts";
import { GraphBuilder } from "../../src/engine/graph/graph-builder.ts";
import { writeJsonAtomic } from "../../src/files/atomic-write.ts";
import { parseBackbone } from "../../src/model/backbones/known-backbones.ts";
import { storedShape } from "../../src/model/folder/checkpoint-names.ts";
import { exportPieces, type StoredForm } from "../../src/model/folder/export-weights.ts";
import { MODEL_FILES } from "../../src/model/folder/model-files.ts";
import { trainBytePairEncoding } from "../../src/model/formats/byte-pair-encoding.ts";
import { writeStreamedSafetensors } from "../../src/model/formats/safetensors.ts";
import { writeTokenizer, type TokenizerJson } from "../../src/model/formats/tokenizer-json.ts";
import type { Backbone } from "../../src/model/multimodal/backbone.ts";
import { encodeBatch } from "../../src/model/multimodal/model.ts";
import { Parameters } from "../../src/model/nn/parameter-source.ts";
import { SINGLE_PATH } from "../../src/model/paths/path-config.ts";
import { RandomStream } from "../../src/random/random-stream.ts";
import type { CheckpointSize } from "./checkpoint-sizes.ts";

/** How the weights of a made-up checkpoint are stored. */
export type CheckpointDType = "float32" | "int8";

/**
 * Writes a checkpoint of a size with random weights, as Hugging Face has it, or as `polyvec export` writes it in int8: what takes as long as the real
 * one.
 */
export async function writeCheckpoint(folder: string, size: CheckpointSize, dtype: CheckpointDType): Promise<void> {
  await writeSettings(folder, size);
  const { backbone } = parseBackbone(configOf(size).config, { file: MODEL_FILES.config });
  const parameters = parametersOf(backbone);
  const table = `${backbone.decoder.names.tokens}.weight`;
  const form = (name: string): StoredForm => {
    if (dtype === "float32") return "float32";
    if (name === table) return "rows";
    return parameters.quantizable.has(name) ? "columns" : "float32";
  };
  const pieces = [...parameters.shapes].flatMap(([name, shape]) =>
    exportPieces(
      { name, shape: storedShape(backbone.checkpoint, name, shape), read: () => Promise.resolve(randomWeight(name, shape)) },
      form(name),
    ),
  );
  await writeStreamedSafetensors(join(folder, MODEL_FILES.weights), pieces);
}

/** Writes a checkpoint's configuration, tokenizer and image processor, and no weights. */
export async function writeSettings(folder: string, size: CheckpointSize): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { config, tokenizer } = configOf(size);
  await writeJsonAtomic(join(folder, MODEL_FILES.config), config);
  await writeJsonAtomic(join(folder, MODEL_FILES.preprocessor), size.preprocessor);
  await writeTokenizer(folder, tokenizer);
}

/** Bytes that a checkpoint's weights take. */
export function checkpointBytes(size: CheckpointSize, dtype: CheckpointDType): number {
  const { backbone } = parseBackbone(configOf(size).config, { file: MODEL_FILES.config });
  const { shapes, quantizable } = parametersOf(backbone);
  return [...shapes].reduce((sum, [name, shape]) => sum + sizeOf(shape) * (dtype === "int8" && quantizable.has(name) ? 1 : 4), 0);
}

function parametersOf(backbone: Backbone): Parameters {
  const parameters = new Parameters(new GraphBuilder());
  encodeBatch(parameters, { backbone, paths: SINGLE_PATH, vision: "uniform" });
  return parameters;
}

interface CheckpointFiles {
  readonly config: Readonly<Record<string, unknown>>;
  readonly tokenizer: TokenizerJson;
}

/** The configuration with a small tokenizer's token ids: what a token means takes no time. */
function configOf({ config }: CheckpointSize): CheckpointFiles {
  const qwen = trainBytePairEncoding(["a tokenizer that knows letters"], { vocabSize: 300 });
  if (config["model_type"] !== "llava_next") return { config: { ...config, ...qwenTokens(qwen) }, tokenizer: qwen };
  const tokenizer = renamed(qwen, { "<|image_pad|>": "<image>", "<|endoftext|>": "</s>", "<|im_start|>": "<s>" });
  return { config: { ...config, image_token_index: idOf(tokenizer, "<image>") }, tokenizer };
}

function qwenTokens(tokenizer: TokenizerJson): Record<string, number> {
  return {
    image_token_id: idOf(tokenizer, "<|image_pad|>"),
    video_token_id: idOf(tokenizer, "<|video_pad|>"),
    vision_start_token_id: idOf(tokenizer, "<|vision_start|>"),
    vision_end_token_id: idOf(tokenizer, "<|vision_end|>"),
    eos_token_id: idOf(tokenizer, "<|endoftext|>"),
  };
}

function idOf({ added_tokens: added }: TokenizerJson, token: string): number {
  return added.find(({ content }) => content === token)?.id ?? 0;
}

function renamed(tokenizer: TokenizerJson, names: Readonly<Record<string, string>>): TokenizerJson {
  const added = tokenizer.added_tokens.map((token) => ({ ...token, content: names[token.content] ?? token.content }));
  return { ...tokenizer, added_tokens: added };
}

/** A million random numbers, again and again, from another place in each weight (ONNX Runtime keeps equal ones once): drawing thousands of millions takes minutes. */
const NOISE = new RandomStream("noise").normals(2 ** 20, 1);

/** Norms of 1, biases of 0, matrices whose products keep their size. */
function randomWeight(name: string, shape: readonly number[]): FloatTensor {
  const data = new Float32Array(sizeOf(shape));
  if (shape.length === 1) return floatTensor(shape, name.endsWith(".bias") ? data : data.fill(1));
  const scale = sizeOf(shape.slice(1)) ** -0.5;
  const noise = NOISE.map((value) => value * scale);
  const first = new RandomStream("first", name).integer(noise.length);
  for (let at = -first; at < data.length; at += noise.length) {
    data.set(noise.subarray(Math.max(0, -at), Math.min(noise.length, data.length - at)), Math.max(0, at));
  }
  return floatTensor(shape, data);
}
