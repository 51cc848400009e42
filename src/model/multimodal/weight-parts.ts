import { isAdapterWeight } from "../nn/lora-layers.ts";
import { isPathParameter } from "../paths/path-config.ts";
import type { Backbone } from "./backbone.ts";

/** Parts of a model that its weights belong to. */
export type WeightPart = "vision" | "decoder" | "embeddings" | "adapters" | "paths";

/** The part that a weight belongs to, by its name in graphs; undefined if it is none of the model's weights. */
export function weightPart(
  { decoder: { names }, visionPrefixes }: Pick<Backbone, "decoder" | "visionPrefixes">,
  name: string,
): WeightPart | undefined {
  const isIn = (...prefixes: readonly string[]): boolean => prefixes.some((prefix) => name.startsWith(prefix));
  if (isPathParameter(name)) return "paths";
  if (isAdapterWeight(name)) return "adapters";
  if (isIn(`${names.layers}.`, `${names.norm}.`)) return "decoder";
  if (isIn(`${names.tokens}.`, `${names.head}.`)) return "embeddings";
  return isIn(...visionPrefixes) ? "vision" : undefined;
}
