import { isDeepStrictEqual } from "node:util";
import type { FloatTensor } from "../engine/tensor/tensor.ts";
import type { ModelFolder } from "../model/folder/open-model-folder.ts";
import { mergeLora } from "../model/nn/merge-lora.ts";
import type { LoraConfig } from "../model/nn/parameter-source.ts";

const WEIGHT = ".weight";

/** Reads the weights of a base that a model in training begins with. */
export class BaseWeights {
  readonly #base: Pick<ModelFolder, "weights" | "lora">;
  /** The base's adapters, where they are not trained on but belong into its weights. */
  readonly #merged: LoraConfig | undefined;

  /** @param lora the adapters that are to be trained: the base's own are gone on with if they are of that kind, else merged into its weights. */
  constructor(base: Pick<ModelFolder, "weights" | "lora">, lora: LoraConfig | undefined) {
    this.#base = base;
    this.#merged = base.lora === undefined || isDeepStrictEqual(plainLora(base.lora), plainLora(lora)) ? undefined : base.lora;
  }

  /** The base's weight of that name and shape; undefined if it has none: paths and adapters of another kind are left behind. */
  async read(name: string, shape: readonly number[]): Promise<FloatTensor | undefined> {
    const { weights } = this.#base;
    if (!weights.shapes.has(name)) return undefined;
    if (name.includes(".lora_") && this.#merged !== undefined) return undefined;
    const stored = await weights.read(name);
    if (!isDeepStrictEqual([...stored.shape], [...shape])) return undefined;
    return this.#withAdapter(name, stored);
  }

  async #withAdapter(name: string, weight: FloatTensor): Promise<FloatTensor> {
    const { weights } = this.#base;
    const layer = name.slice(0, -WEIGHT.length);
    const [down, up] = [`${layer}.lora_A${WEIGHT}`, `${layer}.lora_B${WEIGHT}`];
    if (this.#merged === undefined || !name.endsWith(WEIGHT) || !weights.shapes.has(down)) return weight;
    return mergeLora(weight, { down: await weights.read(down), up: await weights.read(up) }, this.#merged);
  }
}

function plainLora(lora: LoraConfig | undefined): unknown {
  if (lora === undefined) return undefined;
  const { rank, alpha, targetModules, rankStabilized = false } = lora;
  return { rank, alpha, targetModules: targetModules.toSorted(), rankStabilized };
}
