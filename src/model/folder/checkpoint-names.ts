import type { Qwen2VLVisionConfig } from "../backbones/qwen2-vl/config.ts";

/** Where newer `transformers` keep the parts of the model, and where the published checkpoints have them. */
const RENAMED: readonly (readonly [newer: string, published: string])[] = [
  ["model.language_model.", "model."],
  ["model.visual.", "visual."],
];

/** The name of a weight in the published checkpoints, whichever `transformers` wrote it. */
export function publishedName(name: string): string {
  const renamed = RENAMED.find(([newer]) => name.startsWith(newer));
  return renamed === undefined ? name : `${renamed[1]}${name.slice(renamed[0].length)}`;
}

/** The weight of the patch embedding: a matrix in graphs, the kernel of a 3-D convolution in checkpoints. */
const PATCH_EMBEDDING = "visual.patch_embed.proj.weight";

/** The shape in which checkpoints store a weight whose shape in graphs is `shape`; the order of the numbers is the same. */
export function storedShape(name: string, shape: readonly number[], vision: Qwen2VLVisionConfig): readonly number[] {
  if (name !== PATCH_EMBEDDING) return shape;
  const { embedDimension, inChannels, temporalPatchSize, patchSize } = vision;
  return [embedDimension, inChannels, temporalPatchSize, patchSize, patchSize];
}

const ADAPTER_PREFIX = "base_model.model.";

/** The name in graphs of a tensor in PEFT's `adapter_model.safetensors`. */
export function nameOfAdapterTensor(stored: string): string {
  return publishedName(stored.startsWith(ADAPTER_PREFIX) ? stored.slice(ADAPTER_PREFIX.length) : stored);
}

/** The name that PEFT gives to a low-rank weight: with the parts where newer `transformers` keep them, else PEFT does not find its place. */
export function adapterTensorName(name: string): string {
  const renamed = RENAMED.find(([, published]) => name.startsWith(published));
  return `${ADAPTER_PREFIX}${renamed === undefined ? name : `${renamed[0]}${name.slice(renamed[1].length)}`}`;
}

/** Whether a weight is part of a low-rank adapter. */
export function isAdapterWeight(name: string): boolean {
  return /\.lora_[AB]\.weight$/.test(name);
}
