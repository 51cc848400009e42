import { readFile } from "node:fs/promises";
import { expectFloat, intTensor, type FloatTensor, type IntTensor, type Tensor } from "../../src/engine/tensor/tensor.ts";
import { invariant, present } from "../../src/errors/families.ts";
import { graphName, nameOfAdapterTensor } from "../../src/model/folder/checkpoint-names.ts";
import { openSafetensors } from "../../src/model/formats/safetensors.ts";
import type { Backbone } from "../../src/model/multimodal/backbone.ts";
import type { ImageBatch } from "../../src/model/multimodal/patches/image-tensors.ts";
import type { PatchGrid } from "../../src/model/multimodal/patches/patch-grid.ts";
import type { ImageTensors, TokenBatch } from "../../src/model/multimodal/token-batch.ts";
import type { LoraConfig } from "../../src/model/nn/parameter-source.ts";

/** What the models with patches in merge blocks were run on: see tools/reference/common/qwen_vl.py. */
export const REFERENCE_CASES = ["text", "image", "uniform", "mixed"] as const;

export type ReferenceCase = (typeof REFERENCE_CASES)[number];

/** A tiny model of the reference implementation, with what it computes. */
export interface ReferenceModel<Config> {
  readonly config: Config;
  readonly backbone: Backbone;
  readonly lora: LoraConfig;
  /** Backbone, low-rank adapters and prefixes, by the names of this code. */
  readonly weights: Readonly<Record<string, Tensor>>;
  readonly prefixes: { readonly count: number; readonly length: number };
  batch(name: ReferenceCase): TokenBatch;
  /** Patches of the images of a case. */
  grids(name: ReferenceCase): readonly PatchGrid[];
  expected(name: string): FloatTensor;
  /** Names of the weights whose gradients are stored. */
  readonly differentiated: readonly string[];
}

/** A kind of model. */
export interface ReferenceKind<Config> {
  parse(value: unknown, source: { readonly file: string }): Config;
  backbone(config: Config): Backbone;
  imageTensors(config: Config, batch: ImageBatch): ImageTensors | undefined;
}

/** Reads one of the tiny models. */
export async function readPatchReference<Config>(folder: string, kind: ReferenceKind<Config>): Promise<ReferenceModel<Config>> {
  const file = `${folder}/config.json`;
  const config = kind.parse(JSON.parse(await readFile(file, "utf8")), { file });
  const backbone = kind.backbone(config);
  const { checkpoint } = backbone;
  const stored = await readTensors(`${folder}/expected.safetensors`);
  const adapter = await readTensors(`${folder}/adapter/adapter_model.safetensors`);
  const prefixes = Object.fromEntries(Object.entries(stored).filter(([name]) => name.startsWith("paths.")));
  const [count, , length] = present(prefixes["paths.layers.0.prefix_keys"], "prefixes").shape as [number, number, number];
  const marked = "gradients.";
  return {
    config,
    backbone,
    lora: parseLora(await readFile(`${folder}/adapter/adapter_config.json`, "utf8")),
    weights: {
      ...mapKeys(await readTensors(folder), (name) => graphName(checkpoint, name)),
      ...mapKeys(adapter, (name) => nameOfAdapterTensor(checkpoint, name)),
      ...prefixes,
    },
    prefixes: { count, length },
    batch: (name) => batchOf(stored, name, (batch) => kind.imageTensors(config, batch)),
    grids: (name) => gridsOf(stored, name),
    expected: (name) => expectFloat(present(stored[name], name)),
    differentiated: Object.keys(stored).flatMap((name) => (name.startsWith(marked) ? [name.slice(marked.length)] : [])),
  };
}

/** All tensors of a file or folder. */
export async function readTensors(path: string): Promise<Record<string, Tensor>> {
  await using file = await openSafetensors(path);
  return Object.fromEntries(await Promise.all(file.names.map(async (name) => [name, await file.read(name)] as const)));
}

function mapKeys(tensors: Readonly<Record<string, Tensor>>, rename: (name: string) => string): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [rename(name), tensor]));
}

function parseLora(json: string): LoraConfig {
  const raw = JSON.parse(json) as { r: number; lora_alpha: number; use_rslora: boolean; target_modules: string[] };
  return { rank: raw.r, alpha: raw.lora_alpha, rankStabilized: raw.use_rslora, targetModules: raw.target_modules };
}

function batchOf(
  stored: Readonly<Record<string, Tensor>>,
  name: ReferenceCase,
  imageTensors: (batch: ImageBatch) => ImageTensors | undefined,
): TokenBatch {
  const integers = (part: string): IntTensor => expectInt(present(stored[`inputs.${name}.${part}`], part));
  const pixels = stored[`inputs.${name}.pixel_values`];
  const base = { inputIds: integers("input_ids"), lengths: integers("lengths").data, positionIds: integers("position_ids") };
  return pixels === undefined
    ? base
    : { ...base, images: imageTensors({ pixelValues: expectFloat(pixels), grids: gridsOf(stored, name) }) };
}

function gridsOf(stored: Readonly<Record<string, Tensor>>, name: ReferenceCase): PatchGrid[] {
  const grids = stored[`inputs.${name}.grids`];
  if (grids === undefined) return [];
  const { data, shape } = expectInt(grids);
  return Array.from({ length: shape[0] as number }, (_, at) => ({ rows: data[2 * at] as number, columns: data[2 * at + 1] as number }));
}

function expectInt(tensor: Tensor): IntTensor {
  invariant(tensor.dtype === "int32", "a tensor of int32");
  return intTensor(tensor.shape, tensor.data);
}
