import { relative, sep } from "node:path";
import type { FloatTensor } from "../../engine/tensor/tensor.ts";
import { openModelFolder } from "../../model/folder/open-model-folder.ts";
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
  /** How the weights are stored. Undefined: float32, and those of a backbone that was not changed are left where the base has them. */
  readonly dtype: "float32" | "float16" | "int8" | undefined;
}

/**
 * Writes the model's folder, atomically. A backbone that training left as it is (LoRA) is not written again: the folder names the one it was trained on.
 * @throws {FileError} as `saveModelFolder`.
 */
export async function saveTrainedModel(folder: string, model: TrainedModel): Promise<void> {
  const { recipe, prepared, weights, instructions, provenance, dtype } = model;
  const { paths, processor, tokenizerSource: tokenizer, backboneFolder } = prepared;
  const base = dtype === undefined && backboneFolder !== undefined ? pathFrom(folder, backboneFolder) : undefined;
  const { backbone, images, prompts } = processor;
  const polyvec = {
    paths,
    matryoshkaDimensions: [],
    prompts,
    instructions: { ...prepared.instructions, ...instructions },
    maxTokens: recipe.model.maxTokens,
    provenance: { recipe: plain(recipe), ...provenance },
    ...(base === undefined ? {} : { base }),
  } as const;
  const all = base === undefined ? new Map([...weights, ...(await readFrozen(prepared))]) : weights;
  const contents = { backbone, polyvec, images, tokenizer, weights: all, lora: recipe.model.lora };
  await saveModelFolder(folder, contents, dtype === undefined ? {} : { dtype });
}

/** The base's folder as `polyvec.json` names it: seen from the model's, so that both can be moved together. */
function pathFrom(folder: string, base: string): string {
  return relative(folder, base).split(sep).join("/");
}

async function readFrozen({ frozen, baseFolder }: PreparedModel): Promise<Map<string, FloatTensor>> {
  const read = new Map<string, FloatTensor>();
  if (baseFolder === undefined || frozen.size === 0) return read;
  await using base = await openModelFolder(baseFolder);
  for (const name of frozen.keys()) read.set(name, await base.weights.read(name));
  return read;
}
