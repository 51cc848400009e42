import { expectFloat, intTensor, type FloatTensor, type IntTensor, type Tensor } from "../../../src/engine/tensor/tensor.ts";
import { invariant, present } from "../../../src/errors/families.ts";
import { readJsonFile } from "../../../src/files/json-file.ts";
import { parseAdapterConfig } from "../../../src/model/folder/adapter-config.ts";
import { resolveLora } from "../../../src/model/folder/adapter-layers.ts";
import { graphName, nameOfAdapterTensor } from "../../../src/model/folder/checkpoint-names.ts";
import { adaptedModel } from "../../../src/model/folder/open-model-folder.ts";
import type { Backbone } from "../../../src/model/multimodal/backbone.ts";
import type { TokenBatch } from "../../../src/model/multimodal/token-batch.ts";
import type { LoraConfig } from "../../../src/model/nn/parameter-source.ts";
import { readTensors } from "../read-tensors.ts";

/** A tiny model of the reference implementation, and the tensors that it took and computed. */
export interface StoredReference {
  readonly backbone: Backbone;
  readonly lora: LoraConfig;
  /** Backbone, low-rank adapters and prefixes, by the names of this code. */
  readonly weights: Readonly<Record<string, Tensor>>;
  readonly prefixes: { readonly count: number; readonly length: number };
  /** Names of the weights whose gradients are stored. */
  readonly differentiated: readonly string[];
  has(name: string): boolean;
  /** A tensor of floats. */
  expected(name: string): FloatTensor;
  /** A tensor of whole numbers. */
  integers(name: string): IntTensor;
}

/** A reference with the batches that it was run on. */
export interface ReferenceModel<Case extends string, Batch extends TokenBatch | Promise<TokenBatch> = TokenBatch> extends StoredReference {
  batch(name: Case): Batch;
}

const GRADIENTS = "gradients.";

/** Reads a folder of weights, of an adapter and of `expected.safetensors`, as the scripts in tools/reference make it. */
export async function readReference(folder: string, backbone: Backbone): Promise<StoredReference> {
  const { checkpoint } = backbone;
  const stored = await readTensors(`${folder}/expected.safetensors`);
  const adapter = await readTensors(`${folder}/adapter/adapter_model.safetensors`);
  const file = `${folder}/adapter/adapter_config.json`;
  const prefixes = Object.fromEntries(Object.entries(stored).filter(([name]) => name.startsWith("paths.")));
  const [count, , length] = present(prefixes["paths.layers.0.prefix_keys"], "prefixes").shape as [number, number, number];
  return {
    backbone,
    lora: resolveLora(parseAdapterConfig(await readJsonFile(file), { file }), Object.keys(adapter), adaptedModel(backbone)),
    weights: {
      ...mapKeys(await readTensors(folder), (name) => graphName(checkpoint, name)),
      ...mapKeys(adapter, (name) => nameOfAdapterTensor(checkpoint, name)),
      ...prefixes,
    },
    prefixes: { count, length },
    differentiated: Object.keys(stored).flatMap((name) => (name.startsWith(GRADIENTS) ? [name.slice(GRADIENTS.length)] : [])),
    has: (name) => name in stored,
    expected: (name) => expectFloat(present(stored[name], name)),
    integers: (name) => expectInt(present(stored[name], name)),
  };
}

function mapKeys(tensors: Readonly<Record<string, Tensor>>, rename: (name: string) => string): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [rename(name), tensor]));
}

function expectInt(tensor: Tensor): IntTensor {
  invariant(tensor.dtype === "int32", "a tensor of int32");
  return intTensor(tensor.shape, tensor.data);
}
