import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readRecipe } from "./recipe.ts";
import type { Recipe } from "./recipe-types.ts";

const FOLDER = join(import.meta.dirname, "../../../recipes");
const files = readdirSync(FOLDER).filter((name) => name.endsWith(".json") && name !== "recipe.schema.json");

test.each(files)("%s is a recipe of that name", async (file) => {
  const { name } = await readRecipe(join(FOLDER, file));
  expect(file.replace(".json", "")).toContain(name.replace(/-\d$/, ""));
});

/** The systems of the paper. */
const SYSTEMS = ["llava16-7b-low", "llava16-7b-high", "qwen2vl-2b", "qwen2vl-7b", "qwen2vl-2b-half"];

describe("the paper's systems", () => {
  test.each(SYSTEMS)("%s: SSC and PDF differ in the paths and in what belongs to them, and in nothing else", async (system) => {
    const [ssc, pdf] = [await readRecipe(join(FOLDER, `ssc-${system}.json`)), await readRecipe(join(FOLDER, `pdf-${system}.json`))];
    expect([ssc.model.paths.count, ssc.model.paths.prefixLength, pdf.model.paths.count]).toEqual([1, 0, 4]);
    expect(pdf.objective.regulariser.kind).toBe("vclub");
    expect(shared(pdf)).toEqual(shared(ssc));
  });
});

function shared({ name: _, model, objective, optimizer, ...recipe }: Recipe): object {
  const { pathLearningRateMultiplier: _rate, ...moved } = optimizer;
  return { ...recipe, model: { ...model, paths: null }, temperature: objective.temperature, optimizer: moved };
}
