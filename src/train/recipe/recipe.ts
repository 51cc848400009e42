import { ConfigError } from "../../errors/families.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { checkRecipe } from "./recipe-schema.ts";
import type { Recipe } from "./recipe-types.ts";

/** Reads a recipe. @throws {FileError} if it cannot be read. @throws {ConfigError} as {@link parseRecipe}. */
export async function readRecipe(file: string): Promise<Recipe> {
  return parseRecipe(await readJsonFile(file), { file });
}

/** Checks a recipe and fills in the defaults. @throws {ConfigError} naming the field, what it is and what was expected. */
export function parseRecipe(value: unknown, { file }: { readonly file: string }): Recipe {
  const recipe = checkRecipe(value, file);
  const { base, config } = recipe.model;
  if ((base === undefined) === (config === undefined)) {
    throw new ConfigError({
      message: `${file}: model needs either "base" (a model folder) or "config" (a model from scratch), it has ${base === undefined ? "neither" : "both"}`,
      details: { file, field: "model" },
    });
  }
  return recipe;
}
