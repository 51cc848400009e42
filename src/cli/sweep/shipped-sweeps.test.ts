import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readSweep } from "./read-sweep.ts";

const FOLDER = join(import.meta.dirname, "../../../recipes/sweeps");

const files = readdirSync(FOLDER).filter((name) => !name.endsWith(".schema.json"));

test.each(files)("%s is a sweep whose recipes are right, with a single path as the baseline", async (file) => {
  const { cells, baseline, fields, definition } = await readSweep(join(FOLDER, file), {});
  const { vary, variants } = definition;
  const combinations = Object.values(vary).reduce((product, values) => product * values.length, 1);
  expect(cells).toHaveLength(combinations + variants.length);
  expect([baseline.label, baseline.recipe.model.paths.count, baseline.recipe.model.paths.prefixLength]).toEqual(["SSC", 1, 0]);
  expect(fields.slice(0, 3)).toEqual(["model.paths.count", "model.paths.prefixLength", "model.paths.aggregation"]);
});
