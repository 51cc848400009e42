import type { LoraConfig, LoraLayer } from "./parameter-source.ts";

/** The adapter of a linear layer, if it has one. @param layer its name in graphs, without `.weight`. */
export function loraLayer(lora: LoraConfig | undefined, layer: string): LoraLayer | undefined {
  if (lora === undefined) return undefined;
  const { layers, targetModules, rank, alpha } = lora;
  if (layers !== undefined) return Object.hasOwn(layers, layer) ? layers[layer] : undefined;
  return targetModules.includes(lastPart(layer)) ? { rank, alpha } : undefined;
}

/** Factor of a low-rank update: `alpha / rank`, or `alpha / sqrt(rank)` where it is rank-stabilised. */
export function loraScale({ rankStabilized = false }: Pick<LoraConfig, "rankStabilized">, { rank, alpha }: LoraLayer): number {
  return alpha / (rankStabilized ? Math.sqrt(rank) : rank);
}

/** Names of the weights of a layer's adapter: A [rank, inputs], B [outputs, rank], and of DoRA the magnitudes [outputs]. */
export function loraWeightNames(layer: string): { readonly down: string; readonly up: string; readonly magnitude: string } {
  return { down: `${layer}.lora_A.weight`, up: `${layer}.lora_B.weight`, magnitude: `${layer}.lora_magnitude_vector` };
}

const ADAPTER_WEIGHT = /^(.*)\.lora_(?:[AB]\.weight|magnitude_vector)$/;

/** Whether a weight is part of an adapter. */
export function isAdapterWeight(name: string): boolean {
  return ADAPTER_WEIGHT.test(name);
}

/** The layer that a weight of an adapter belongs to; undefined if it belongs to none. */
export function adaptedLayer(name: string): string | undefined {
  return ADAPTER_WEIGHT.exec(name)?.[1];
}

/** Of a dotted name the last part: `q_proj`. */
export function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
