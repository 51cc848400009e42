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
import { encodeBatch } from "../../src/model/multimodal/model.ts";
import { Parameters } from "../../src/model/nn/parameter-source.ts";
import { SINGLE_PATH } from "../../src/model/paths/path-config.ts";
import { RandomStream } from "../../src/random/random-stream.ts";
import type { CheckpointSize } from "./checkpoint-sizes.ts";

/** How the weights of a made-up checkpoint are stored. */
export type CheckpointDType = "float32" | "int8";

/** Writes a checkpoint of a size with random weights, as Hugging Face has it: what takes as long as the real one. */
export async function writeCheckpoint(folder: string, { config }: CheckpointSize, dtype: CheckpointDType): Promise<void> {
  await mkdir(folder, { recursive: true });
  const tokenizer = trainBytePairEncoding(["a small tokenizer is enough: what a token means takes no time"], { vocabSize: 300 });
  const whole = { ...config, ...tokenIds(tokenizer) };
  const { backbone } = parseBackbone(whole, { file: MODEL_FILES.config });
  const parameters = new Parameters(new GraphBuilder());
  encodeBatch(parameters, { backbone, paths: SINGLE_PATH, vision: "uniform" });
  const table = `${backbone.decoder.names.tokens}.weight`;
  const form = (name: string): StoredForm =>
    dtype === "float32" ? "float32" : name === table ? "rows" : parameters.quantizable.has(name) ? "columns" : "float32";
  const pieces = [...parameters.shapes].flatMap(([name, shape]) =>
    exportPieces(
      { name, shape: storedShape(backbone.checkpoint, name, shape), read: () => Promise.resolve(randomWeight(name, shape)) },
      form(name),
    ),
  );
  await writeJsonAtomic(join(folder, MODEL_FILES.config), whole);
  await writeJsonAtomic(join(folder, MODEL_FILES.preprocessor), { patch_size: 14, temporal_patch_size: 2, merge_size: 2 });
  await writeTokenizer(folder, tokenizer);
  await writeStreamedSafetensors(join(folder, MODEL_FILES.weights), pieces);
}

function tokenIds({ added_tokens: added }: TokenizerJson): Record<string, number> {
  const id = (token: string): number => added.find(({ content }) => content === token)?.id ?? 0;
  return {
    image_token_id: id("<|image_pad|>"),
    video_token_id: id("<|video_pad|>"),
    vision_start_token_id: id("<|vision_start|>"),
    vision_end_token_id: id("<|vision_end|>"),
    eos_token_id: id("<|endoftext|>"),
  };
}

/** A million random numbers, again and again: drawing two thousand million takes minutes and changes nothing. */
const NOISE = new RandomStream("noise").normals(2 ** 20, 1);

/** Norms of 1, biases of 0, matrices whose products keep their size. */
function randomWeight(name: string, shape: readonly number[]): FloatTensor {
  const data = new Float32Array(sizeOf(shape));
  if (shape.length === 1) return floatTensor(shape, name.endsWith(".bias") ? data : data.fill(1));
  const scale = sizeOf(shape.slice(1)) ** -0.5;
  const noise = NOISE.map((value) => value * scale);
  for (let at = 0; at < data.length; at += noise.length) data.set(noise.subarray(0, Math.min(noise.length, data.length - at)), at);
  return floatTensor(shape, data);
}
