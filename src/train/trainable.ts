import { ConfigError } from "../errors/families.ts";
import type { Backbone } from "../model/multimodal/backbone.ts";
import { weightPart } from "../model/multimodal/weight-parts.ts";
import type { NamedTensors } from "./optimizer/optimizer.ts";
import type { RecipeModel } from "./recipe/recipe-types.ts";

/** Which weights a recipe trains: all but the frozen parts; with LoRA only adapters and paths. */
export function trainableFilter({ lora, freeze }: Pick<RecipeModel, "lora" | "freeze">, backbone: Named): (name: string) => boolean {
  return (name) => {
    const part = weightPart(backbone, name);
    if (part === undefined || part === "paths") return part !== undefined;
    if (part === "adapters") return lora !== undefined;
    return lora === undefined && !freeze.includes(part);
  };
}

/** A backbone as far as the names of its weights go. */
type Named = Pick<Backbone, "decoder" | "visionPrefixes">;

/** The weights that a recipe trains. @throws {ConfigError} if there are none. */
export function trainedWeights(weights: NamedTensors, model: Pick<RecipeModel, "lora" | "freeze">, backbone: Named): NamedTensors {
  const isTrainable = trainableFilter(model, backbone);
  const trained = new Map([...weights].filter(([name]) => isTrainable(name)));
  if (trained.size > 0) return trained;
  throw new ConfigError({
    message: `the recipe trains nothing: model.freeze is ${JSON.stringify(model.freeze)}, and there are neither adapters nor paths. Freeze less, or give model.lora or several model.paths`,
    details: { field: "model.freeze", got: model.freeze },
  });
}
