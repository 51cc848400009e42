import { isPathParameter } from "../model/paths/path-config.ts";
import type { RecipeModel } from "./recipe/recipe-types.ts";

/** Which weights a recipe trains: all but the frozen parts; with LoRA only adapters and paths. */
export function trainableFilter({ lora, freeze }: Pick<RecipeModel, "lora" | "freeze">): (name: string) => boolean {
  const frozen = freeze.map((part) => FROZEN[part]);
  return (name) => {
    if (isPathParameter(name)) return true;
    if (name.includes(".lora_")) return lora !== undefined;
    return lora === undefined && isWeight(name) && !frozen.some((prefix) => name.startsWith(prefix));
  };
}

const FROZEN = { vision: "visual.", decoder: "model.layers.", embeddings: "model.embed_tokens." } as const;

/** Whether a graph input is a weight of the backbone and not part of a batch. */
function isWeight(name: string): boolean {
  return name.startsWith("visual.") || name.startsWith("model.") || name.startsWith("lm_head.");
}
