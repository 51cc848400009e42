import { copyFile, realpath, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { GraphBuilder } from "../../engine/graph/graph-builder.ts";
import type { FloatTensor } from "../../engine/tensor/tensor.ts";
import { ConfigError, FileError } from "../../errors/families.ts";
import { writeJsonAtomic } from "../../files/atomic-write.ts";
import { replaceFolder } from "../../files/replace-folder.ts";
import { writeSafetensors, writeStreamedSafetensors } from "../formats/safetensors.ts";
import { encodeBatch } from "../multimodal/model.ts";
import { isAdapterWeight } from "../nn/lora-layers.ts";
import { readMerged } from "../nn/merge-lora.ts";
import { Parameters } from "../nn/parameter-source.ts";
import { isPathParameter } from "../paths/path-config.ts";
import { adapterNames } from "./adapter-layers.ts";
import { toAdapterJson } from "./adapter-config.ts";
import { adapterTensorName, storedShape } from "./checkpoint-names.ts";
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
  /** Stops between two weights; what was written so far is removed. */
  readonly signal?: AbortSignal | undefined;
  /** Told after each weight. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Writes a model as a folder of its own, atomically: base and paths together, in another dtype. Weights are read and written one after another, so a
 * model need not fit into memory.
 * @throws {FileError} if the place is taken by something that is no model or by the model itself, or the disk is full.
 * @throws {WeightsError} if weights are damaged. @throws the reason of `signal` when it fires.
 */
export async function exportModelFolder(model: ModelFolder, path: string, options: ExportOptions): Promise<void> {
  const { backbone, lora } = model;
  const keepsAdapter = lora !== undefined && !options.merge;
  if (keepsAdapter && options.onnx && lora.dora === true && (options.dtype === "int8" || options.dtype === "int4")) {
    const message = `cannot export ${path}: DoRA scales rows by their norms, which ONNX files do not have of weights in ${options.dtype}; give --merge`;
    throw new ConfigError({ message, details: { file: path, field: "merge", got: false, expected: true } });
  }
  await checkIsElsewhere(model, path);
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
      await writeJsonAtomic(file(MODEL_FILES.adapterConfig), toAdapterJson(lora, adapterNames(backbone, model.weights.shapes.keys())));
      const adapter = [...(await readAll(model, isAdapterWeight))].map(
        ([name, tensor]) => [adapterTensorName(backbone.checkpoint, name), tensor] as const,
      );
      await writeSafetensors(file(MODEL_FILES.adapter), new Map(adapter));
    }
    if (options.onnx) await writeOnnxModels(folder);
  });
}

const OWNED = [...Object.values(MODEL_FILES), ...Object.values(ONNX_MODELS)];

const TOKENIZER_FILES = [MODEL_FILES.tokenizer, MODEL_FILES.tokenizerConfig, MODEL_FILES.chatTemplate, MODEL_FILES.chatTemplateJson];

/** @throws {FileError} if a model would be written over itself, or over its own base. */
async function checkIsElsewhere({ path, basePath }: ModelFolder, target: string): Promise<void> {
  const place = (folder: string): Promise<string> => realpath(folder).catch(() => resolve(folder));
  const [to, ...from] = await Promise.all([target, path, ...(basePath === undefined ? [] : [basePath])].map(place));
  if (to === undefined || !from.includes(to)) return;
  const message = `cannot export ${path} to ${target}: the model is read from there while it is written; choose another folder`;
  throw new FileError({ message, details: { file: target, errno: "EEXIST" } });
}

async function copyFiles({ path, basePath }: ModelFolder, folder: string): Promise<void> {
  for (const name of [...TOKENIZER_FILES, MODEL_FILES.card]) {
    for (const from of [path, ...(basePath === undefined ? [] : [basePath])]) {
      if (!(await stat(join(from, name)).then(Boolean, () => false))) continue;
      await copyFile(join(from, name), join(folder, name));
      break;
    }
  }
}

async function writeBackbone(model: ModelFolder, file: string, { dtype, merge, signal, onProgress }: ExportOptions): Promise<void> {
  const { backbone, weights } = model;
  const names = [...weights.shapes.keys()].filter((name) => !isPathParameter(name) && !isAdapterWeight(name));
  const forms = storedForms(model, dtype);
  let done = 0;
  const pieces = names.flatMap((name) => {
    const shape = weights.shapes.get(name) ?? [];
    const read = async (): Promise<FloatTensor> => {
      signal?.throwIfAborted();
      const weight = await readWeight(model, name, merge);
      onProgress?.(++done, names.length);
      return weight;
    };
    return exportPieces({ name, shape: storedShape(backbone.checkpoint, name, shape), read }, forms(name));
  });
  await writeStreamedSafetensors(file, pieces);
}

/** How each weight is stored. With bytes only what is computed with in signed bytes, and the large tables: all else would lose precision for nothing. */
function storedForms({ backbone, polyvec, lora }: ModelFolder, dtype: ExportOptions["dtype"]): (name: string) => StoredForm {
  if (dtype === "float32" || dtype === "float16") return () => dtype;
  const parameters = new Parameters(new GraphBuilder(), { lora });
  encodeBatch(parameters, { backbone, paths: polyvec.paths, vision: "uniform", lora });
  const { tokens, head } = backbone.decoder.names;
  return (name) => {
    if (name === `${tokens}.weight` || name === `${head}.weight`) return "rows";
    if (!parameters.quantizable.has(name)) return "float32";
    return dtype === "int8" ? "columns" : "blocks";
  };
}

/** A backbone weight, with its low-rank update if that is to be merged. */
function readWeight({ weights, lora }: ModelFolder, name: string, merge: boolean): Promise<FloatTensor> {
  return readMerged(name, merge ? lora : undefined, (weight) => weights.read(weight));
}

async function readAll({ weights }: ModelFolder, isWanted: (name: string) => boolean): Promise<Map<string, FloatTensor>> {
  const names = [...weights.shapes.keys()].filter(isWanted);
  return new Map(await Promise.all(names.map(async (name) => [name, await weights.read(name)] as const)));
}
