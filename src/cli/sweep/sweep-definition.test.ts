import { format } from "prettier";
import { describe, expect, test } from "vitest";
import { fileSchema } from "../../../test/support/file-schema.ts";
import { ConfigError } from "../../errors/families.ts";
import { checkSweep, SWEEP_SCHEMA } from "./sweep-definition.ts";

const SMALLEST = { recipe: "small.json" };
const MMEB = { bench: "mmeb", data: "d", images: "i" };

/** What is wrong with a sweep, other fields being right. */
function problem(fields: Readonly<Record<string, unknown>>): object {
  try {
    checkSweep({ ...SMALLEST, ...fields }, "s.json");
  } catch (error) {
    if (error instanceof ConfigError) return { ...error.details, message: error.message };
  }
  return { message: "nothing" };
}

describe("a sweep's file", () => {
  test("may name its JSON Schema, which is no part of the sweep; all but the recipe has defaults", () => {
    expect(checkSweep({ $schema: "./sweep.schema.json", ...SMALLEST }, "s.json")).toEqual({
      recipe: "small.json",
      set: {},
      vary: {},
      variants: [],
      seeds: [0],
      view: "aggregate",
    });
  });

  test.each([
    ["an unknown field", { seed: [1] }, "seed"],
    ["a field without values", { vary: { "model.paths.count": [] } }, "vary.model.paths.count[0]"],
    ["a seed twice", { seeds: [1, 1] }, "seeds"],
    ["an unknown dataset", { evaluation: { ...MMEB, datasets: ["ImageNet-2K"] } }, "evaluation.datasets[0]"],
    ["a test without images", { evaluation: { ...MMEB, test: { data: "d" } } }, "evaluation.test.images"],
  ])("with %s is refused, the field named", (_, fields, field) => {
    expect(problem(fields)).toMatchObject({ file: "s.json", field });
  });

  /** Brought up to date by running this test with `-u`. */
  test("recipes/sweeps/sweep.schema.json tells editors", async () => {
    const schema = fileSchema(SWEEP_SCHEMA, { title: "Sweep over Polyvec training runs", description: "Explained in docs/sweep.md." });
    const text = await format(JSON.stringify(schema), { parser: "json", printWidth: 140 });
    await expect(text).toMatchFileSnapshot("../../../recipes/sweeps/sweep.schema.json");
  });
});
