import type { FloatTensor } from "../../engine/tensor/tensor.ts";
import { saveModelFolder } from "../../model/folder/save-model-folder.ts";
import type { PreparedModel } from "../prepare-model.ts";
import type { Recipe } from "../recipe/recipe-types.ts";
import { plain } from "./claim-folder.ts";

/** What a finished run's model is made of. */
export interface TrainedModel {
  readonly recipe: Recipe;
  readonly prepared: PreparedModel;
  readonly weights: ReadonlyMap<string, FloatTensor>;
  /** Instructions that it was trained with, by what they are for. */
  readonly instructions: Readonly<Record<string, string>>;
  /** How it came to be, beside the recipe. */
  readonly provenance: Readonly<Record<string, unknown>>;
  /** How the weights are stored. */
  readonly dtype: "float32" | "float16" | "int8" | undefined;
}

/** Writes the model's folder, atomically. @throws {FileError} as `saveModelFolder`. */
export async function saveTrainedModel(folder: string, model: TrainedModel): Promise<void> {
  const { recipe, prepared, weights, instructions, provenance, dtype } = model;
  const { paths, processor, tokenizerSource: tokenizer } = prepared;
  const { backbone, images, prompts } = processor;
  const polyvec = {
    paths,
    matryoshkaDimensions: [],
    prompts,
    instructions: { ...prepared.instructions, ...instructions },
    maxTokens: recipe.model.maxTokens,
    provenance: { recipe: plain(recipe), ...provenance },
  } as const;
  const contents = { backbone, polyvec, images, tokenizer, weights, lora: recipe.model.lora };
  await saveModelFolder(folder, contents, dtype === undefined ? {} : { dtype });
}
