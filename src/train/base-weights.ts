import { isDeepStrictEqual } from "node:util";
import type { FloatTensor } from "../engine/tensor/tensor.ts";
import type { ModelFolder } from "../model/folder/open-model-folder.ts";
import { isAdapterWeight } from "../model/nn/lora-layers.ts";
import { readMerged } from "../model/nn/merge-lora.ts";
import type { LoraConfig } from "../model/nn/parameter-source.ts";

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
    if (isAdapterWeight(name) && this.#merged !== undefined) return undefined;
    const stored = await readMerged(name, this.#merged, (weight) => weights.read(weight));
    return isDeepStrictEqual([...stored.shape], [...shape]) ? stored : undefined;
  }
}

function plainLora(lora: LoraConfig | undefined): unknown {
  if (lora === undefined) return undefined;
  const { rank, alpha, targetModules, rankStabilized = false, dora = false, layers } = lora;
  return { rank, alpha, targetModules: targetModules.toSorted(), rankStabilized, dora, layers };
}
