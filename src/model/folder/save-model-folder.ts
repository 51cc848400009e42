import { copyFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { FloatTensor } from "../../engine/tensor/tensor.ts";
import { WeightsError } from "../../errors/families.ts";
import { asFileError, writeFileAtomic, writeJsonAtomic } from "../../files/atomic-write.ts";
import { replaceFolder } from "../../files/replace-folder.ts";
import type { Backbone } from "../multimodal/backbone.ts";
import type { ImagePreparer } from "../multimodal/image-preparer.ts";
import { embeddingGraph } from "../multimodal/model.ts";
import { writeSafetensors } from "../formats/safetensors.ts";
import { writeTokenizer, type TokenizerJson } from "../formats/tokenizer-json.ts";
import type { LoraConfig } from "../nn/parameter-source.ts";
import { isPathParameter } from "../paths/path-config.ts";
import { toAdapterJson } from "./adapter-config.ts";
import { adapterTensorName, isAdapterWeight, storedShape } from "./checkpoint-names.ts";
import { MODEL_FILES } from "./model-files.ts";
import { toPolyvecJson, type PolyvecConfig } from "./polyvec-config.ts";
import { sameNumbers, shapeText } from "./shape-text.ts";

/** A model in memory, as it is saved. */
export interface ModelContents {
  readonly backbone: Backbone;
  readonly polyvec: PolyvecConfig;
  readonly images: ImagePreparer;
  /** The tokenizer itself, or the model folder it is copied from. */
  readonly tokenizer: TokenizerJson | string;
  /** By graph name. With `polyvec.base`, the backbone's weights are left out. Others than those of the embedding graph (`lm_head.weight`) are kept. */
  readonly weights: ReadonlyMap<string, FloatTensor>;
  readonly lora?: LoraConfig | undefined;
  /** Model card, Markdown: README.md. */
  readonly card?: string;
}

/** How {@link saveModelFolder} stores weights. */
export interface SaveModelOptions {
  /** Of the backbone; default float32. `int8` has a scale per row, which only Polyvec reads. Adapters stay float32, paths are at least float16. */
  readonly dtype?: "float32" | "float16" | "int8";
}

/**
 * Writes a model folder, atomically: Hugging Face layout, `polyvec.json`, `paths.safetensors`, and PEFT layout for a LoRA. An earlier model of
 * that name is replaced when the new one is whole; other files in its folder are taken over.
 * @throws {WeightsError} if a weight is missing or has another shape than the model asks for. @throws {FileError} if the place is taken by
 * something that is no model, or cannot be written.
 */
export async function saveModelFolder(path: string, contents: ModelContents, { dtype = "float32" }: SaveModelOptions = {}): Promise<void> {
  const parts = splitWeights(path, contents);
  const { polyvec, lora, backbone, card } = contents;
  await replaceFolder(path, { marker: MODEL_FILES.config, owned: Object.values(MODEL_FILES) }, async (folder) => {
    const file = (name: string): string => join(folder, name);
    await writeJsonAtomic(file(MODEL_FILES.polyvec), toPolyvecJson({ ...polyvec, backbone: backbone.modelType }));
    await writeJsonAtomic(file(MODEL_FILES.config), backbone.toHuggingFaceConfig());
    await writeJsonAtomic(file(MODEL_FILES.preprocessor), contents.images.toHuggingFaceConfig());
    const processor = contents.images.toProcessorConfig?.();
    if (processor !== undefined) await writeJsonAtomic(file(MODEL_FILES.processor), processor);
    await writeTokenizerFiles(folder, contents.tokenizer);
    if (card !== undefined) await writeFileAtomic(file(MODEL_FILES.card), card);
    if (parts.paths.size > 0) {
      await writeSafetensors(file(MODEL_FILES.paths), parts.paths, { dtype: dtype === "float32" ? "float32" : "float16" });
    }
    if (lora !== undefined) {
      await writeJsonAtomic(
        file(MODEL_FILES.adapterConfig),
        toAdapterJson({ lora, ...(polyvec.base === undefined ? {} : { base: polyvec.base }) }),
      );
      await writeSafetensors(file(MODEL_FILES.adapter), parts.adapter);
    }
    if (polyvec.base === undefined) await writeSafetensors(file(MODEL_FILES.weights), parts.backbone, { dtype });
  });
}

interface SplitWeights {
  readonly backbone: ReadonlyMap<string, FloatTensor>;
  readonly paths: ReadonlyMap<string, FloatTensor>;
  readonly adapter: ReadonlyMap<string, FloatTensor>;
}

/** The weights by file, under the names and in the shapes that the files have. */
function splitWeights(path: string, { backbone, polyvec, lora, weights }: ModelContents): SplitWeights {
  const { shapes } = embeddingGraph({ backbone, paths: polyvec.paths, vision: "uniform", lora });
  for (const [name, shape] of shapes) {
    const isOfBase = polyvec.base !== undefined && !isPathParameter(name) && !isAdapterWeight(name);
    if (!isOfBase) checkWeight(path, name, { shape, tensor: weights.get(name) });
  }
  const extra = [...weights.keys()].find((name) => (isAdapterWeight(name) || isPathParameter(name)) && !shapes.has(name));
  if (extra !== undefined) {
    const message = `cannot save ${path}: the weight ${extra} is not one that its configuration asks for; give the paths and LoRA it was trained with`;
    throw new WeightsError({ message, details: { file: path, tensor: extra } });
  }
  const split = {
    backbone: new Map<string, FloatTensor>(),
    paths: new Map<string, FloatTensor>(),
    adapter: new Map<string, FloatTensor>(),
  };
  for (const [name, tensor] of weights) {
    if (isAdapterWeight(name)) split.adapter.set(adapterTensorName(backbone.checkpoint, name), tensor);
    else if (isPathParameter(name)) split.paths.set(name, tensor);
    else split.backbone.set(name, { ...tensor, shape: storedShape(backbone.checkpoint, name, tensor.shape) });
  }
  return split;
}

interface CheckedWeight {
  readonly shape: readonly number[];
  readonly tensor: FloatTensor | undefined;
}

function checkWeight(path: string, name: string, { shape, tensor }: CheckedWeight): void {
  if (tensor !== undefined && sameNumbers(tensor.shape, shape)) return;
  const actual = tensor === undefined ? "is missing" : `has shape ${shapeText(tensor.shape)}`;
  const message = `cannot save ${path}: the weight ${name} ${actual}, expected ${shapeText(shape)}; give all weights of the model's graph`;
  throw new WeightsError({ message, details: { file: path, tensor: name, expected: shape, actual: tensor?.shape ?? null } });
}

async function writeTokenizerFiles(folder: string, tokenizer: TokenizerJson | string): Promise<void> {
  if (typeof tokenizer !== "string") return writeTokenizer(folder, tokenizer);
  await copyFile(join(tokenizer, MODEL_FILES.tokenizer), join(folder, MODEL_FILES.tokenizer)).catch((error: unknown) => {
    throw asFileError(error, join(tokenizer, MODEL_FILES.tokenizer), "read");
  });
  for (const name of [MODEL_FILES.tokenizerConfig, MODEL_FILES.chatTemplate, MODEL_FILES.chatTemplateJson]) {
    const isThere = await stat(join(tokenizer, name)).then(Boolean, () => false);
    if (isThere) await copyFile(join(tokenizer, name), join(folder, name));
  }
}
