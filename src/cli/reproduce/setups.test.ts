import { describe, expect, test } from "vitest";
import { checkRecipe } from "../../train/recipe/recipe-schema.ts";
import { readBaseRecipes } from "./base-recipes.ts";
import { ensembleSeeds, planRuns } from "./plan-runs.ts";
import { PRESETS, type ReproducePreset } from "./presets.ts";
import { SETUPS, type FinishedRun, type SetupId } from "./setups.ts";

const { forSeed } = await readBaseRecipes(PRESETS.full.training);
const finished = (id: SetupId): FinishedRun => ({ trainingSeconds: id === "ssc" ? 100 : 250, prefixScale: id === "pdf" ? 3.5 : undefined });
const recipeOf = (id: SetupId) => SETUPS[id].recipe(forSeed(7), finished);

describe("setups", () => {
  test.each(Object.keys(SETUPS) as SetupId[])("%s is a recipe that differs from its base in what its name says", (id) => {
    const recipe = recipeOf(id);
    const { base } = recipe.model;
    expect(checkRecipe(JSON.parse(JSON.stringify(recipe)), "recipe")).toEqual(recipe);
    expect([recipe.seed, base, recipe.data.batchSize]).toEqual([7, "../models/emoji-base", PRESETS.full.training.batchSize]);
  });

  test("all but those that say so have the same steps, data, optimiser and temperature as SSC", () => {
    const ssc = recipeOf("ssc");
    for (const id of Object.keys(SETUPS) as SetupId[]) {
      const { data, optimizer, objective } = recipeOf(id);
      expect([id, data, objective.temperature, objective.symmetric, optimizer.learningRate]).toEqual([
        id,
        ssc.data,
        ssc.objective.temperature,
        ssc.objective.symmetric,
        ssc.optimizer.learningRate,
      ]);
    }
    const equallyLong = (Object.keys(SETUPS) as SetupId[]).filter((id) => id !== "pdf-half" && id !== "ssc-equal-time");
    for (const id of equallyLong) {
      const { optimizer, steps } = recipeOf(id);
      expect([id, optimizer, steps]).toEqual([id, ssc.optimizer, ssc.steps]);
    }
  });

  test("budgets stretch warm-ups with them", () => {
    const { steps, warmUpSteps } = PRESETS.full.training;
    const half = recipeOf("pdf-half");
    expect([half.steps, half.optimizer.warmUpSteps, half.objective.regulariserWarmUpSteps]).toEqual([steps / 2, warmUpSteps / 2, 20]);
    expect(recipeOf("ssc-equal-time").steps).toBe(steps * 2.5);
  });

  test("a single path takes the scale that calibration found for several", () => {
    expect(recipeOf("pdf-n1").model.paths).toMatchObject({ count: 1, prefixScale: 3.5 });
  });
});

describe("plans", () => {
  test("quick trains three runs", () => {
    expect(planRuns(PRESETS.quick, "out").map(({ folder }) => folder)).toEqual([
      "out/runs/ssc/seed-0",
      "out/runs/pdf/seed-0",
      "out/runs/pdf-half/seed-0",
    ]);
    expect(ensembleSeeds(PRESETS.quick)).toEqual([]);
  });

  test("an ensemble larger than the seeds takes further ones of the reference", () => {
    const preset: ReproducePreset = { ...PRESETS.full, setups: ["ssc", "pdf"], seeds: [1, 5], ensembleSize: 4 };
    expect(planRuns(preset, "out").map(({ setup, seed }) => `${setup} ${seed}`)).toEqual(["ssc 1", "ssc 5", "ssc 0", "ssc 2", "pdf 1", "pdf 5"]); // prettier-ignore
    expect(ensembleSeeds(preset)).toEqual([1, 5, 0, 2]);
  });

  test("every setup of a preset stands behind those it learns from", () => {
    for (const { setups } of Object.values(PRESETS)) {
      setups.forEach((id, place) =>
        SETUPS[id].recipe(forSeed(0), (asked) => {
          expect(setups.slice(0, place)).toContain(asked);
          return finished(asked);
        }),
      );
    }
  });
});
