import { expectSame } from "../distributed/agreements.ts";
import type { Communicator } from "../distributed/communicator.ts";
import { allShapes } from "../frozen-weights.ts";
import type { Recipe } from "../recipe/recipe-types.ts";
import type { TrainableModel } from "../trainable-model.ts";

/** Checks that all processes train the same model by the same recipe. @throws {ConfigError} on all of them if not. */
export async function checkSameRun(communicator: Communicator, recipe: Recipe, model: TrainableModel): Promise<void> {
  await expectSame(communicator, () => JSON.stringify(recipe), {
    what: "the recipe",
    wayOut: "give all processes the same file and options",
  });
  const shapes = (): string => JSON.stringify([...allShapes(model)].map(([name, { shape }]) => `${name} ${shape.join(" ")}`).sort());
  await expectSame(communicator, shapes, { what: "the model", wayOut: "give all processes the same base and the same data" });
}
