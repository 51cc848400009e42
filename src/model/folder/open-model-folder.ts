import { readdir, stat } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { ConfigError, FileError, HubError } from "../../errors/families.ts";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { parseBackbone } from "../backbones/known-backbones.ts";
import type { Backbone, CheckpointLayout } from "../multimodal/backbone.ts";
import type { ParsedBackbone, ProcessorSettings } from "../multimodal/backbone-kind.ts";
import type { InputProcessor } from "../multimodal/input-processor.ts";
import { GraphBuilder } from "../../engine/graph/graph-builder.ts";
import { embeddingGraph, encodeBatch, outputLayerShapes } from "../multimodal/model.ts";
import { isQuantizedScales, quantizedWeightOf } from "../formats/quantized-names.ts";
import { openSafetensors, type Safetensors } from "../formats/safetensors.ts";
import { loadTokenizer } from "../formats/tokenizer.ts";
import { Parameters, type LoraConfig } from "../nn/parameter-source.ts";
import { resolveLora, type AdaptedModel } from "./adapter-layers.ts";
import { parseAdapterConfig, type AdapterConfig } from "./adapter-config.ts";
import { SINGLE_PATH } from "../paths/path-config.ts";
import { graphName, nameOfAdapterTensor, storedShape } from "./checkpoint-names.ts";
import { fetchHubModel } from "./hub/hub-model.ts";
import { parseHubId, type HubId } from "./hub/hub-id.ts";
import type { HubOptions } from "./hub/hub-options.ts";
import { MODEL_FILES } from "./model-files.ts";
import { ModelWeights, type AskedWeight, type WeightsSource } from "./model-weights.ts";
import { parsePolyvecConfig, PLAIN_BACKBONE, type PolyvecConfig } from "./polyvec-config.ts";

/** A model on disk: its configuration, checked, and its weights, read on demand. */
export interface ModelFolder extends AsyncDisposable {
  readonly path: string;
  /** Where the backbone's files lie if they are not in the folder itself. */
  readonly basePath: string | undefined;
  readonly backbone: Backbone;
  readonly polyvec: PolyvecConfig;
  /** Turns inputs into tokens, and images as the backbone takes them. */
  readonly processor: InputProcessor;
  readonly weights: ModelWeights;
  readonly lora: LoraConfig | undefined;
  /** Closes the files; a second call does nothing. */
  close(): Promise<void>;
}

/**
 * Opens a model folder: Polyvec's own, a checkpoint in Hugging Face layout (one path), or either with a LoRA adapter in PEFT layout.
 * All of the configuration is read and checked, and that every weight is there in the right shape; their numbers stay on disk.
 * @param options for a base that has to be fetched from the hub.
 * @throws {HubError} if it cannot be. @throws {FileError} if the folder or a file is missing. @throws {ConfigError} if a configuration is wrong.
 * @throws {WeightsError} if a file of weights is damaged or does not fit the configuration.
 */
export async function openModelFolder(path: string, options: HubOptions = {}): Promise<ModelFolder> {
  await checkIsFolder(path);
  const opened: Safetensors[] = [];
  try {
    return await openParts(path, opened, options);
  } catch (error) {
    await Promise.all(opened.map((file) => file.close()));
    throw error;
  }
}

/** A model's settings, without its weights. */
export type ModelSettings = Pick<ModelFolder, "backbone" | "polyvec" | "processor">;

/**
 * Opens what a model folder says of its model: configuration, tokenizer, image processor. Weights need not be there.
 * @throws as {@link openModelFolder}.
 */
export async function openModelSettings(path: string, options: HubOptions = {}): Promise<ModelSettings> {
  await checkIsFolder(path);
  const polyvec = await readPolyvecConfig(path);
  if (await isThere(join(path, MODEL_FILES.config))) return readSettings(path, [path], polyvec);
  const adapterFile = join(path, MODEL_FILES.adapterConfig);
  const adapter = (await isThere(adapterFile)) ? parseAdapterConfig(await readJsonFile(adapterFile), { file: adapterFile }) : undefined;
  const base = await findBase(path, polyvec.base ?? adapter?.base, options);
  return readSettings(path, base === undefined ? [path] : [path, base], polyvec);
}

/** @param folders where its files are looked for, in this order. */
async function readSettings(path: string, folders: readonly string[], polyvec: PolyvecConfig): Promise<ModelSettings> {
  const configFile = await findFile(MODEL_FILES.config, folders);
  const parsed = parseBackbone(await readJsonFile(configFile), { file: configFile });
  const { backbone } = parsed;
  checkBackbone(path, polyvec, backbone);
  const [settings, tokenizer] = await Promise.all([
    readPreprocessor(folders),
    findFile(MODEL_FILES.tokenizer, folders).then(loadTokenizer),
  ]);
  return { backbone, polyvec, processor: makeProcessor(path, parsed, { ...settings, tokenizer, prompts: polyvec.prompts }) };
}

/** @param opened takes the files that were opened, so that they can be closed if anything fails. */
async function openParts(path: string, opened: Safetensors[], options: HubOptions): Promise<ModelFolder> {
  const open = async (file: string): Promise<Safetensors> => {
    const weights = await openSafetensors(file);
    opened.push(weights);
    return weights;
  };
  const polyvec = await readPolyvecConfig(path);
  const adapter = await openAdapter(path, open);
  const basePath = await findBase(path, polyvec.base ?? adapter?.config.base, options);
  const { backbone, processor } = await readSettings(path, [path, ...(basePath === undefined ? [] : [basePath])], polyvec);
  const lora = adapter && resolveLora(adapter.config, adapter.weights.names, adaptedModel(backbone));
  checkTopology(path, polyvec, backbone);
  const asked = askedWeights(backbone, polyvec, lora);
  const paths = [...asked.keys()].some((name) => name.startsWith("paths."))
    ? [asSource(await open(await findFile(MODEL_FILES.paths, [path])), (name) => name, true)]
    : [];
  const { checkpoint } = backbone;
  const adapters = adapter === undefined ? [] : [adapterSource(adapter.weights, checkpoint)];
  const base = asSource(await open(basePath ?? path), (name) => graphName(checkpoint, name), false);
  for (const [name, shape] of outputLayerShapes(backbone)) if (base.names.has(name)) asked.set(name, { shape, storedShape: shape });
  const weights = new ModelWeights([...paths, ...adapters, base], asked);
  const close = (): Promise<void> => weights.close();
  return { path, basePath, backbone, polyvec, processor, weights, lora, close, [Symbol.asyncDispose]: close };
}

async function checkIsFolder(path: string): Promise<void> {
  const place = await stat(path).catch(() => undefined);
  if (place?.isDirectory() === true) return;
  const found = place === undefined ? "there is no such folder" : "it is a file";
  const message = `cannot open the model ${path}: ${found}; give the folder that holds ${MODEL_FILES.config} and ${MODEL_FILES.weights}`;
  throw new FileError({ message, details: { file: path, errno: place === undefined ? "ENOENT" : "ENOTDIR" } });
}

async function readPolyvecConfig(path: string): Promise<PolyvecConfig> {
  const file = join(path, MODEL_FILES.polyvec);
  return (await isThere(file)) ? parsePolyvecConfig(await readJsonFile(file), { file }) : PLAIN_BACKBONE;
}

interface OpenedAdapter {
  readonly config: AdapterConfig;
  readonly weights: Safetensors;
}

async function openAdapter(path: string, open: (file: string) => Promise<Safetensors>): Promise<OpenedAdapter | undefined> {
  const file = join(path, MODEL_FILES.adapterConfig);
  if (!(await isThere(file))) return undefined;
  const weights = await open(await findFile(MODEL_FILES.adapter, [path]));
  const config = parseAdapterConfig(await readJsonFile(file), { file });
  return { config, weights };
}

/**
 * The folder with the backbone's files, if it is another one: a folder, or a model of the hub.
 * @throws {FileError} if it is not where the configuration says. @throws {HubError} if it cannot be fetched.
 */
async function findBase(path: string, base: string | undefined, options: HubOptions): Promise<string | undefined> {
  const files = [MODEL_FILES.weights, MODEL_FILES.weightsIndex];
  if ((await Promise.all(files.map((name) => isThere(join(path, name))))).includes(true)) return undefined;
  if (base === undefined) {
    const other = (await readdir(path)).find((name) => /\.(bin|pt|pth|gguf|ckpt|h5)$/.test(name));
    const found =
      other === undefined ? "" : ` (${other} is in a format that Polyvec does not read: convert it with transformers' save_pretrained)`;
    const message = `cannot open the model ${path}: it holds no ${MODEL_FILES.weights}${found} and no configuration that names a base; check the folder or download the model again`;
    throw new FileError({ message, details: { file: join(path, MODEL_FILES.weights), errno: "ENOENT" } });
  }
  const places = isAbsolute(base) ? [base] : [resolve(path, base), resolve(base)];
  for (const place of places) if (await isThere(join(place, MODEL_FILES.config))) return place;
  const id = parseHubId(base);
  if (id !== undefined) return fetchBase(path, id, options);
  const message = `cannot open the model ${path}: its base ${base} is not there (looked at ${places.join(" and ")}); download it and name its folder as "base" in ${MODEL_FILES.polyvec}`;
  throw new FileError({ message, details: { file: places[0], errno: "ENOENT", base } });
}

async function fetchBase(path: string, id: HubId, options: HubOptions): Promise<string> {
  try {
    return await fetchHubModel(id, options);
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    const message = `cannot open the model ${path}: its base is no folder here, and Polyvec ${error.message}`;
    throw new HubError({ message, details: { ...error.details, file: path }, cause: error });
  }
}

/** The settings of the image processor: a file of their own, or a part of the `processor_config.json` that `transformers` 5 writes. */
async function readPreprocessor(folders: readonly string[]): Promise<Pick<ProcessorSettings, "preprocessor" | "file">> {
  for (const folder of folders) {
    const [own, whole] = [join(folder, MODEL_FILES.preprocessor), join(folder, MODEL_FILES.processor)];
    if (await isThere(own)) return { preprocessor: await readJsonFile(own), file: own };
    const processor = (await isThere(whole)) ? await readJsonFile(whole) : undefined;
    if (typeof processor === "object" && processor !== null && "image_processor" in processor) {
      return { preprocessor: processor.image_processor, file: whole };
    }
  }
  const file = await findFile(MODEL_FILES.preprocessor, folders);
  return { preprocessor: await readJsonFile(file), file };
}

async function findFile(name: string, folders: readonly string[]): Promise<string> {
  for (const folder of folders) if (await isThere(join(folder, name))) return join(folder, name);
  const message = `${folders.join(" and ")} ${folders.length > 1 ? "hold" : "holds"} no ${name}; copy it from the model it was made from, or download the model again`;
  throw new FileError({ message, details: { file: join(folders[0] as string, name), errno: "ENOENT" } });
}

function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

function asSource(file: Safetensors, toGraphName: (stored: string) => string, complete: boolean): WeightsSource {
  const stored = file.names.filter((name) => !isQuantizedScales(name));
  return { file, names: new Map(stored.map((name) => [toGraphName(quantizedWeightOf(name)?.weight ?? name), name])), complete };
}

/** An adapter's weights, without those of layers that no graph needs. */
function adapterSource(file: Safetensors, checkpoint: CheckpointLayout): WeightsSource {
  const { names, ...source } = asSource(file, (name) => nameOfAdapterTensor(checkpoint, name), true);
  const isNeeded = (name: string): boolean => !(checkpoint.unused ?? []).some((beginning) => name.startsWith(beginning));
  return { ...source, names: new Map([...names].filter(([name]) => isNeeded(name))) };
}

/** The backbone with its weights' names, as an adapter finds its layers there. */
export function adaptedModel(backbone: Backbone): AdaptedModel {
  const parameters = new Parameters(new GraphBuilder());
  encodeBatch(parameters, { backbone, paths: SINGLE_PATH, vision: "uniform" });
  const table = `${backbone.decoder.names.tokens}.weight`;
  const linear = new Set([...parameters.quantizable].filter((name) => name !== table));
  const { checkpoint, visionPrefixes } = backbone;
  return { checkpoint, visionPrefixes, weights: [...parameters.shapes.keys()], linear };
}

/** Every weight of the model's largest graph, with images; not the output layer, which folders may lack. */
function askedWeights(backbone: Backbone, { paths }: PolyvecConfig, lora: LoraConfig | undefined): Map<string, AskedWeight> {
  const { shapes } = embeddingGraph({ backbone, paths, vision: "uniform", lora });
  return new Map([...shapes].map(([name, shape]) => [name, { shape, storedShape: storedShape(backbone.checkpoint, name, shape) }]));
}

/** Makes the processor, which checks that tokenizer, image processor and backbone belong together. */
function makeProcessor(path: string, parsed: ParsedBackbone, settings: ProcessorSettings): InputProcessor {
  try {
    return parsed.makeProcessor(settings);
  } catch (error) {
    if (!PolyvecError.isInstance(error) || error.details["file"] !== undefined) throw error;
    throw new ConfigError({ message: `${path}: ${error.message}`, details: { ...error.details, file: path }, cause: error });
  }
}

function checkTopology(path: string, { paths: { topology } }: PolyvecConfig, { decoder: { layerCount } }: Backbone): void {
  if (topology.kind !== "branchLayer" || topology.layer < layerCount) return;
  const [file, field, expected] = [join(path, MODEL_FILES.polyvec), "paths.topology.layer", `below num_hidden_layers (${layerCount})`];
  const message = `${file}: ${field} is ${topology.layer}, expected ${expected}; correct it`;
  throw new ConfigError({ message, details: { file, field, got: topology.layer, expected } });
}

/** @throws {ConfigError} if `polyvec.json` was made for another kind of backbone. */
function checkBackbone(path: string, { backbone }: PolyvecConfig, { modelType }: Backbone): void {
  if (backbone === undefined || backbone === modelType) return;
  const [file, field] = [join(path, MODEL_FILES.polyvec), "backbone"];
  const message = `${file}: ${field} is ${JSON.stringify(backbone)}, but ${MODEL_FILES.config} is of a model of type ${JSON.stringify(modelType)}; use the files of one model`;
  throw new ConfigError({ message, details: { file, field, got: backbone, expected: modelType } });
}
