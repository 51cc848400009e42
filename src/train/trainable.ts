import { ConfigError } from "../errors/families.ts";
import { isPathParameter } from "../model/paths/path-config.ts";
import type { NamedTensors } from "./optimizer/optimizer.ts";
import type { RecipeModel } from "./recipe/recipe-types.ts";

/** Which weights a recipe trains: all but the frozen parts; with LoRA only adapters and paths. */
export function trainableFilter({ lora, freeze }: Pick<RecipeModel, "lora" | "freeze">): (name: string) => boolean {
  const frozen = freeze.flatMap((part) => FROZEN[part]);
  return (name) => {
    if (isPathParameter(name)) return true;
    if (name.includes(".lora_")) return lora !== undefined;
    return lora === undefined && isWeight(name) && !frozen.some((prefix) => name.startsWith(prefix));
  };
}

const FROZEN: Readonly<Record<RecipeModel["freeze"][number], readonly string[]>> = {
  vision: ["visual."],
  decoder: ["model.layers.", "model.norm."],
  embeddings: ["model.embed_tokens.", "lm_head."],
};

/** Whether a graph input is a weight of the backbone and not part of a batch. */
function isWeight(name: string): boolean {
  return name.startsWith("visual.") || name.startsWith("model.") || name.startsWith("lm_head.");
}

/** The weights that a recipe trains. @throws {ConfigError} if there are none. */
export function trainedWeights(weights: NamedTensors, model: Pick<RecipeModel, "lora" | "freeze">): NamedTensors {
  const isTrainable = trainableFilter(model);
  const trained = new Map([...weights].filter(([name]) => isTrainable(name)));
  if (trained.size > 0) return trained;
  throw new ConfigError({
    message: `the recipe trains nothing: model.freeze is ${JSON.stringify(model.freeze)}, and there are neither adapters nor paths. Freeze less, or give model.lora or several model.paths`,
    details: { field: "model.freeze", got: model.freeze },
  });
}
