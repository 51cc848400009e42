import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { format } from "prettier";
import { describe, expect, test } from "vitest";
import { fieldTables, recipeJsonSchema } from "../../../test/support/recipe-reference.ts";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { ConfigError } from "../../errors/families.ts";
import { parseRecipe, readRecipe } from "./recipe.ts";

const SMALLEST = {
  name: "small",
  model: { base: "base" },
  data: { kind: "emoji-tasks", batchSize: 8 },
  optimizer: { learningRate: 1e-3 },
  steps: 10,
};

/** What is wrong with a recipe, other fields being right. */
function problem(fields: Readonly<Record<string, unknown>>): ConfigError["details"] & { readonly message: string } {
  try {
    parseRecipe({ ...SMALLEST, ...fields }, { file: "r.json" });
  } catch (error) {
    if (error instanceof ConfigError) return { ...error.details, message: error.message };
  }
  return { message: "nothing" };
}

const WRITTEN = { kind: "mmeb", path: "x", batchSize: 4, order: "written" };

describe("a recipe", () => {
  test("has defaults for all that is not what or how much is trained", () => {
    const recipe = parseRecipe({ $schema: "recipe.schema.json", ...SMALLEST }, { file: "r.json" });
    expect(recipe).toMatchObject({ seed: 0, accumulation: 1, recompute: false, model: { paths: { count: 1 }, freeze: [], maxTokens: 96 } });
    expect(recipe).toMatchObject({ objective: { regulariser: { kind: "none" } }, optimizer: { kind: "adamw", decay: "cosine" } });
    expect(Object.keys(recipe)).not.toContain("$schema");
    expect(parseRecipe(JSON.parse(JSON.stringify(recipe)), { file: "again" })).toEqual(recipe);
  });

  test.each([
    ["at the top", { chunksize: 4 }, "chunksize", "chunkSize"],
    ["inside", { model: { base: "b", paths: { topologie: {} } } }, "model.paths.topologie", "topology"],
    ["of a choice", { objective: { regulariser: { kind: "vclub", hidenWidth: 3 } } }, "objective.regulariser.hidenWidth", "hiddenWidth"],
    ["of the data", { data: { kind: "emoji-tasks", batchsize: 8 } }, "data.batchsize", "batchSize"],
    ["of the mixture", { data: { kind: "emoji-tasks", batchSize: 8, mixture: { groundnig: 1 } } }, "data.mixture.groundnig", "grounding"],
  ])("with an unknown field %s is refused, with the nearest known one", (_, fields, field, expected) => {
    const { message, ...details } = problem(fields);
    expect(details).toMatchObject({ file: "r.json", field, expected });
    expect(message).toMatch(`did you mean ${expected}?`);
  });

  test("takes one chunk size for both sides, or one for each", () => {
    const sizes = (chunkSize: unknown): unknown => parseRecipe({ ...SMALLEST, chunkSize }, { file: "r.json" }).chunkSize;
    expect([sizes(4), sizes({ queries: 2, targets: 8 })]).toEqual([4, { queries: 2, targets: 8 }]);
  });

  test.each([
    ["a wrong type", { steps: "ten" }, "steps"],
    ["a chunk size of one side alone", { chunkSize: { queries: 2 } }, "chunkSize"],
    ["a dropout of everything", { model: { base: "b", lora: { rank: 1, alpha: 1, dropout: 1 } } }, "model.lora.dropout"],
    ["an unknown precision", { precision: "float8" }, "precision"],
    ["a number out of range", { optimizer: { learningRate: -1 } }, "optimizer.learningRate"],
    ["an unknown kind of data", { data: { kind: "emoji", batchSize: 8 } }, "data.kind"],
    ["an unknown topology", { model: { base: "b", paths: { topology: { kind: "tree" } } } }, "model.paths.topology.kind"],
    ["neither base nor configuration", { model: {} }, "model"],
    ["base and configuration", { model: { base: "b", config: {} } }, "model"],
    ["several paths that would all be equal", { model: { base: "b", paths: { count: 2 } } }, "model.paths.prefixLength"],
    ["scores for data that has none", { data: { kind: "examples", batchSize: 2, file: "x" }, evaluateEverySteps: 5 }, "evaluateEverySteps"],
    ["written batches that are to be drawn", { data: { ...WRITTEN, rowsTogether: 2 } }, "data.rowsTogether"],
    ["written batches that are to be grouped", { data: { ...WRITTEN, groupByLength: true } }, "data.groupByLength"],
    ["written batches by weight", { data: { ...WRITTEN, datasets: { A: {}, B: { weight: 2 } } } }, "data.datasets.B"],
  ])("with %s is refused, the field named", (_, fields, field) => {
    expect(problem(fields)).toMatchObject({ file: "r.json", field });
  });
});

test("a file that is not there, or no JSON, is named", async () => {
  const folder = await mkdtemp(join(tmpdir(), "polyvec-recipe-"));
  expect(await thrownBy(() => readRecipe(join(folder, "none.json")))).toMatchObject({ code: "file" });
  await writeFile(join(folder, "cut.json"), '{"name": "x"');
  expect(await thrownBy(() => readRecipe(join(folder, "cut.json")))).toMatchObject({
    code: "config",
    details: { file: join(folder, "cut.json") },
  });
  await rm(folder, { recursive: true });
});

const recipes = readdirSync("recipes").filter((name) => name.endsWith(".json") && !name.endsWith(".schema.json"));
test.each(recipes)("recipes/%s is one", async (name) => {
  expect((await readRecipe(join("recipes", name))).name).not.toBe("");
});

/** Both are brought up to date by running this test with `-u`. */
describe("of every field", () => {
  test("recipes/recipe.schema.json tells editors", async () => {
    const schema = await format(JSON.stringify(recipeJsonSchema()), { parser: "json", printWidth: 140 });
    await expect(schema).toMatchFileSnapshot("../../../recipes/recipe.schema.json");
  });

  test("docs/recipes.md tells readers", async () => {
    const tables = fieldTables();
    const used = new Set<string>();
    const written = readFileSync("docs/recipes.md", "utf8");
    const current = written.replaceAll(/<!-- fields of (\S+) -->[\s\S]*?<!-- end -->/g, (_, name: string) => {
      used.add(name);
      return `<!-- fields of ${name} -->\n\n${tables.get(name) ?? "there is no such object"}\n\n<!-- end -->`;
    });
    expect([...tables.keys()].filter((name) => !used.has(name))).toEqual([]);
    await expect(await format(current, { parser: "markdown", printWidth: 140 })).toMatchFileSnapshot("../../../docs/recipes.md");
  });
});
