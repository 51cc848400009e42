import type { FloatTensor } from "../../../src/engine/tensor/tensor.ts";
import type { EmbeddingInput, RawImage } from "../../../src/inputs/embedding-input.ts";
import { DEFAULT_PROMPT_TEMPLATE } from "../../../src/model/multimodal/prompt.ts";
import { InputProcessor } from "../../../src/model/multimodal/input-processor.ts";
import { createTokenizer } from "../../../src/model/formats/tokenizer.ts";
import type { LoraConfig } from "../../../src/model/nn/parameter-source.ts";
import type { PathConfig } from "../../../src/model/paths/path-config.ts";
import { RandomStream } from "../../../src/random/random-stream.ts";
import type { ContrastiveBatch, LanguageBatch } from "../../../src/train/batch-source.ts";
import { trainingProcessor } from "../../../src/train/steps/processor-adapter.ts";
import type { TrainableModel } from "../../../src/train/trainable-model.ts";
import { tinyModel } from "../tiny-model.ts";

/** A small model in training, none of whose weights stands at 0. */
export function tinyTrainable(paths: PathConfig, lora?: LoraConfig): TrainableModel {
  const { backbone, weights, images, tokenizer } = tinyModel({ paths, ...(lora === undefined ? {} : { lora }) });
  const moved = new Map([...weights].map(([name, tensor]) => [name, awayFromZero(name, tensor)]));
  const processor = new InputProcessor({
    backbone,
    images,
    tokenizer: createTokenizer(tokenizer, { file: "tokenizer" }),
    prompts: DEFAULT_PROMPT_TEMPLATE,
  });
  return { backbone, paths, lora, weights: moved, processor: trainingProcessor(processor, 48) };
}

function awayFromZero(name: string, tensor: FloatTensor): FloatTensor {
  if (tensor.data.some((value) => value !== 0)) return tensor;
  return { ...tensor, data: new RandomStream("moved", name).normals(tensor.data.length, 0.1) };
}

/** A picture of 8 pixels a side or what is given, of random pixels. */
export function tinyPicture(seed: number, width = 8, height = 8): RawImage {
  const random = new RandomStream("picture", seed);
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, () => random.integer(256)) };
}

/** What the inputs of a side are. */
export type Medium = "text" | "image" | "images of several sizes" | "mixed";

const WORDS = ["a", "happy", "cat", "sad", "dog", "red", "apple", "picture", "find", "of"];

/** `count` inputs of a kind, different ones for each seed. */
export function tinyInputs(medium: Medium, count: number, seed: number): EmbeddingInput[] {
  return Array.from({ length: count }, (_, index): EmbeddingInput => {
    const random = new RandomStream("input", seed, index);
    const text = random.sample(WORDS, 1 + random.integer(6)).join(" ");
    if (medium === "text" || (medium === "mixed" && index % 3 === 0)) return { text };
    const size = medium === "image" ? [8, 8] : [8 * (1 + random.integer(2)), 8 * (1 + random.integer(2))];
    return { image: tinyPicture(1000 * seed + index, ...size), ...(index % 2 === 0 ? { instruction: text } : {}) };
  });
}

/** A batch of that many queries, with hard negatives behind the targets, and one target whose key occurs twice. */
export function tinyBatchOf(
  queries: Medium,
  targets: Medium,
  { count = 7, hardNegatives = 2, seed = 1 }: { readonly count?: number; readonly hardNegatives?: number; readonly seed?: number } = {},
): ContrastiveBatch {
  const keys = Array.from({ length: count + hardNegatives }, (_, index) => `thing ${index === 3 ? 1 : index}`);
  return {
    kind: "contrastive",
    task: `${queries} to ${targets}`,
    queries: tinyInputs(queries, count, seed),
    targets: tinyInputs(targets, count + hardNegatives, seed + 50),
    targetKeys: keys,
  };
}

/** A batch whose answers are of different length. */
export function tinyLanguageBatch(medium: Medium, count = 5, seed = 1): LanguageBatch {
  const examples = tinyInputs(medium, count, seed).map((input, index) => ({ input, answer: WORDS.slice(0, 1 + (index % 4)).join(" ") }));
  return { kind: "language", task: "answers", examples };
}
