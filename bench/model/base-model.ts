import { existsSync } from "node:fs";
import { join } from "node:path";
import { readEmojiWords } from "../../src/data/emoji/concepts.ts";
import { findPicturePackage } from "../../src/data/pictures/picture-package.ts";
import type { EmbeddingModel } from "../../src/embed/embedding-model.ts";
import { present } from "../../src/errors/families.ts";
import { MODEL_FILES } from "../../src/model/folder/model-files.ts";
import { PLAIN_BACKBONE, type PolyvecConfig } from "../../src/model/folder/polyvec-config.ts";
import { SINGLE_PATH, type PathConfig } from "../../src/model/paths/path-config.ts";
import { prepareModel, type PreparedModel } from "../../src/train/prepare-model.ts";
import { readRecipe } from "../../src/train/recipe/recipe.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const RECIPE = join(ROOT, "recipes", "emoji-base-1.json");
const TRAINED = join(ROOT, "models", "emoji-base");

/** The longest prompt, in tokens. */
const MAX_TOKENS = 96;

/** The small base that ships, or a model of its architecture. */
export interface BaseModel {
  /** Where the weights come from, for the report. */
  readonly origin: string;
  /** Layers of the decoder. */
  readonly layerCount: number;
  /** Labels of emoji: what texts are made of. */
  readonly labels: readonly string[];
  /** The model with paths of some kind; weights that the base does not have are drawn. */
  readonly withPaths: (paths: PathConfig) => Promise<PreparedModel>;
}

/** Opens `models/emoji-base`; where it is not there, the model that its recipe begins with: the same graph, random weights. */
export async function openBaseModel(): Promise<BaseModel> {
  const recipe = await readRecipe(RECIPE);
  const words = await readEmojiWords(await findPicturePackage("emojibase-data"));
  const isTrained = existsSync(join(TRAINED, MODEL_FILES.config));
  const options = {
    baseFolder: isTrained ? TRAINED : undefined,
    texts: () => words.flatMap(({ label, tags }) => [label, ...tags]),
  };
  const withPaths: BaseModel["withPaths"] = (paths) => {
    const settings = { ...recipe.model.paths, ...paths, prefixScale: 1 };
    return prepareModel({ ...recipe, model: { ...recipe.model, paths: settings } }, options);
  };
  const { processor } = await withPaths(SINGLE_PATH);
  return {
    origin: isTrained ? "models/emoji-base" : "random, of the architecture of recipes/emoji-base-1.json",
    layerCount: processor.backbone.decoder.layerCount,
    labels: words.map(({ label }) => label),
    withPaths,
  };
}

/** The `polyvec.json` of a prepared model. */
export function polyvecConfigOf({ paths }: Pick<PreparedModel, "paths">): PolyvecConfig {
  return { ...PLAIN_BACKBONE, paths, maxTokens: MAX_TOKENS };
}

/** A prepared model as the embedder takes it. */
export function embeddingModelOf(name: string, model: PreparedModel): EmbeddingModel {
  const readWeight: EmbeddingModel["readWeight"] = async (weight) => present(model.weights.get(weight), weight);
  return { name, polyvec: polyvecConfigOf(model), processor: model.processor, readWeight };
}
