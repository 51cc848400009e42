import { isDeepStrictEqual } from "node:util";
import type { ExternalData } from "../engine/graph/operations.ts";
import type { FloatTensor } from "../engine/tensor/tensor.ts";
import type { ModelFolder } from "../model/folder/open-model-folder.ts";
import { isAdapterWeight, loraLayer } from "../model/nn/lora-layers.ts";
import { readMerged } from "../model/nn/merge-lora.ts";
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

  /** Whether the base has a weight of that name and shape: paths and adapters of another kind are left behind. */
  has(name: string, shape: readonly number[]): boolean {
    if (isAdapterWeight(name) && this.#merged !== undefined) return false;
    const stored = this.#base.weights.shapes.get(name);
    return stored !== undefined && isDeepStrictEqual([...stored], [...shape]);
  }

  /** Where a weight of the base lies, if it can be used as it lies there: its numbers are stored as floats, and no adapter belongs into it. */
  locate(name: string): ExternalData | undefined {
    return this.isChanged(name) ? undefined : this.#base.weights.locate(name);
  }

  /** Whether the base's adapter belongs into a weight. */
  isChanged(name: string): boolean {
    return name.endsWith(WEIGHT) && loraLayer(this.#merged, name.slice(0, -WEIGHT.length)) !== undefined;
  }

  /** A weight that the base has, its adapter merged into it where it is not trained on. */
  read(name: string): Promise<FloatTensor> {
    return readMerged(name, this.#merged, (weight) => this.#base.weights.read(weight));
  }
}

function plainLora(lora: LoraConfig | undefined): unknown {
  if (lora === undefined) return undefined;
  const { rank, alpha, targetModules, rankStabilized = false, dora = false, layers } = lora;
  return { rank, alpha, targetModules: targetModules.toSorted(), rankStabilized, dora, layers };
}
