import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Embedder } from "../../src/embed/embedder.ts";
import { embeddingModelOf } from "../../src/embed/load-model.ts";
import { expectFloat, type FloatTensor, type Tensor } from "../../src/engine/tensor/tensor.ts";
import type { ModelInput } from "../../src/inputs/embedding-input.ts";
import { openModelFolder } from "../../src/model/folder/open-model-folder.ts";
import { saveModelFolder } from "../../src/model/folder/save-model-folder.ts";
import { writeSafetensors } from "../../src/model/formats/safetensors.ts";

/** What a folder's model makes of inputs: the aggregate of each. */
export async function embedWithFolder(folder: string, inputs: readonly ModelInput[]): Promise<Float32Array[]> {
  await using embedder = new Embedder(embeddingModelOf(await openModelFolder(folder)), { threads: 1 });
  return (await embedder.embed(inputs)).map(({ aggregate }) => aggregate);
}

/** Opens a checkpoint and saves it as Polyvec does. */
export async function saveAgain(folder: string, from: string): Promise<void> {
  await using model = await openModelFolder(from);
  const { backbone, polyvec, processor } = model;
  const weights = await Promise.all([...model.weights.shapes.keys()].map(async (name) => [name, await model.weights.read(name)] as const));
  await saveModelFolder(folder, { backbone, polyvec, images: processor.images, tokenizer: from, weights: new Map(weights) });
}

/** Writes weights under other names; those that are renamed to nothing are left out. */
export async function writeRenamed(
  folder: string,
  weights: Readonly<Record<string, Tensor>>,
  rename: (name: string) => string | undefined,
): Promise<void> {
  const tensors = Object.entries(weights).flatMap(([name, tensor]): [string, FloatTensor][] => {
    const renamed = rename(name);
    return renamed === undefined ? [] : [[renamed, expectFloat(tensor)]];
  });
  await writeSafetensors(join(folder, "model.safetensors"), new Map(tensors));
}

/** Gives a folder the settings of a checkpoint's image processor in a file of their own, as transformers 4 and published checkpoints have them. */
export async function writePreprocessor(folder: string, checkpoint: string, changes: object = {}): Promise<void> {
  const whole = JSON.parse(await readFile(join(checkpoint, "processor_config.json"), "utf8")) as { image_processor: object };
  await writeFile(join(folder, "preprocessor_config.json"), JSON.stringify({ ...whole.image_processor, ...changes }));
}

/** Copies the adapter that lies in a checkpoint's folder and names its base. */
export async function copyAdapter(folder: string, checkpoint: string, base: string = checkpoint): Promise<void> {
  await cp(join(checkpoint, "adapter"), folder, { recursive: true });
  const file = join(folder, "adapter_config.json");
  const config = JSON.parse(await readFile(file, "utf8")) as object;
  await writeFile(file, JSON.stringify({ ...config, base_model_name_or_path: base }));
}
