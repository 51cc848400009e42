import { copyFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { GraphBuilder } from "../../engine/graph/graph-builder.ts";
import type { FloatTensor } from "../../engine/tensor/tensor.ts";
import { writeJsonAtomic } from "../../files/atomic-write.ts";
import { replaceFolder } from "../../files/replace-folder.ts";
import { writeSafetensors, writeStreamedSafetensors } from "../formats/safetensors.ts";
import { encodeBatch } from "../multimodal/model.ts";
import { mergeLora } from "../nn/merge-lora.ts";
import { Parameters, type LoraConfig } from "../nn/parameter-source.ts";
import { isPathParameter } from "../paths/path-config.ts";
import { toAdapterJson } from "./adapter-config.ts";
import { adapterTensorName, isAdapterWeight, storedShape } from "./checkpoint-names.ts";
import { exportPieces, type StoredForm } from "./export-weights.ts";
import { MODEL_FILES } from "./model-files.ts";
import { ONNX_MODELS, writeOnnxModels } from "./onnx-models.ts";
import type { ModelFolder } from "./open-model-folder.ts";
import { toPolyvecJson } from "./polyvec-config.ts";

/** How a model is exported. */
export interface ExportOptions {
  /** Of the backbone's weights. `int8`: linear layers and the token table in signed bytes with a scale per output; norms and biases stay float32. `int4`: the linear layers in 4-bit numbers, 32 to a scale. */
  readonly dtype: "float32" | "float16" | "int8" | "int4";
  /** Adds the adapter's updates to the backbone's weights; otherwise it is stored beside them. */
  readonly merge: boolean;
  /** Also writes the model as ONNX files. */
  readonly onnx: boolean;
  /** Told after each weight. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Writes a model as a folder of its own, atomically: base and paths together, in another dtype. Weights are read and written one after another, so a
 * model need not fit into memory.
 * @throws {FileError} if the place is taken by something that is no model, or the disk is full. @throws {WeightsError} if weights are damaged.
 */
export async function exportModelFolder(model: ModelFolder, path: string, options: ExportOptions): Promise<void> {
  const { backbone, lora } = model;
  const keepsAdapter = lora !== undefined && !options.merge;
  await replaceFolder(path, { marker: MODEL_FILES.config, owned: OWNED }, async (folder) => {
    const file = (name: string): string => join(folder, name);
    const { base: _, ...polyvec } = model.polyvec;
    await writeJsonAtomic(
      file(MODEL_FILES.polyvec),
      toPolyvecJson({ ...polyvec, backbone: backbone.modelType, prompts: model.processor.prompts }),
    );
    await writeJsonAtomic(file(MODEL_FILES.config), backbone.toHuggingFaceConfig());
    await writeJsonAtomic(file(MODEL_FILES.preprocessor), model.processor.images.toHuggingFaceConfig());
    const processor = model.processor.images.toProcessorConfig?.();
    if (processor !== undefined) await writeJsonAtomic(file(MODEL_FILES.processor), processor);
    await copyFiles(model, folder);
    await writeBackbone(model, file(MODEL_FILES.weights), options);
    const paths = await readAll(model, isPathParameter);
    if (paths.size > 0) await writeSafetensors(file(MODEL_FILES.paths), paths, { dtype: "float32" });
    if (keepsAdapter) {
      await writeJsonAtomic(file(MODEL_FILES.adapterConfig), toAdapterJson({ lora }));
      const adapter = [...(await readAll(model, isAdapterWeight))].map(
        ([name, tensor]) => [adapterTensorName(backbone.checkpoint, name), tensor] as const,
      );
      await writeSafetensors(file(MODEL_FILES.adapter), new Map(adapter));
    }
    if (options.onnx) await writeOnnxModels(folder);
  });
}

const OWNED = [...Object.values(MODEL_FILES), ...Object.values(ONNX_MODELS)];

async function copyFiles({ path, basePath }: ModelFolder, folder: string): Promise<void> {
  const { tokenizer, tokenizerConfig, chatTemplate, chatTemplateJson, card } = MODEL_FILES;
  for (const name of [tokenizer, tokenizerConfig, chatTemplate, chatTemplateJson, card]) {
    for (const from of [path, ...(basePath === undefined ? [] : [basePath])]) {
      if (!(await stat(join(from, name)).then(Boolean, () => false))) continue;
      await copyFile(join(from, name), join(folder, name));
      break;
    }
  }
}

async function writeBackbone(model: ModelFolder, file: string, { dtype, merge, onProgress }: ExportOptions): Promise<void> {
  const { backbone, weights } = model;
  const names = [...weights.shapes.keys()].filter((name) => !isPathParameter(name) && !isAdapterWeight(name));
  const forms = storedForms(model, dtype);
  let done = 0;
  const pieces = names.flatMap((name) => {
    const shape = weights.shapes.get(name) ?? [];
    const read = async (): Promise<FloatTensor> => {
      const weight = await readWeight(model, name, merge);
      onProgress?.(++done, names.length);
      return weight;
    };
    return exportPieces({ name, shape: storedShape(backbone.checkpoint, name, shape), read }, forms(name));
  });
  await writeStreamedSafetensors(file, pieces);
}

/** How each weight is stored. With bytes only what is computed with in signed bytes: all else would lose precision for nothing. */
function storedForms({ backbone, polyvec, lora }: ModelFolder, dtype: ExportOptions["dtype"]): (name: string) => StoredForm {
  if (dtype === "float32" || dtype === "float16") return () => dtype;
  const parameters = new Parameters(new GraphBuilder(), { lora });
  encodeBatch(parameters, { backbone, paths: polyvec.paths, vision: "uniform", lora });
  const table = `${backbone.decoder.names.tokens}.weight`;
  return (name) => (name === table ? "rows" : parameters.quantizable.has(name) ? (dtype === "int8" ? "columns" : "blocks") : "float32");
}

/** A backbone weight, with its low-rank update if that is to be merged. */
async function readWeight({ weights, lora }: ModelFolder, name: string, merge: boolean): Promise<FloatTensor> {
  const weight = await weights.read(name);
  const layer = name.replace(/\.weight$/, "");
  const [down, up] = [`${layer}.lora_A.weight`, `${layer}.lora_B.weight`];
  if (!merge || lora === undefined || !weights.shapes.has(down)) return weight;
  return mergeLora(weight, { down: await weights.read(down), up: await weights.read(up) }, lora satisfies LoraConfig);
}

async function readAll({ weights }: ModelFolder, isWanted: (name: string) => boolean): Promise<Map<string, FloatTensor>> {
  const names = [...weights.shapes.keys()].filter(isWanted);
  return new Map(await Promise.all(names.map(async (name) => [name, await weights.read(name)] as const)));
}
