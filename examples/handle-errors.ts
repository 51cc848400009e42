/**
 * Every error of Polyvec is typed: `code` and `details` are for programs, `message` is for people.
 * Run it with `npx tsx examples/handle-errors.ts`.
 */
import { ConfigError, PolyvecError } from "polyvec";

/** Stands for any call of the library. */
function readRecipe(): never {
  throw new ConfigError({
    message: "recipe.json: steps is -1, a number above 0 was expected",
    details: { file: "recipe.json", field: "steps", got: -1, expected: "a number above 0" },
  });
}

try {
  readRecipe();
} catch (error) {
  if (!PolyvecError.isInstance(error)) throw error; // not ours
  console.log(`${error.code}: ${error.message}`);
  console.log(error.details);
}
