import { expect, test } from "vitest";
import { nearestName } from "./nearest-name.ts";

const known = ["hidden_size", "num_hidden_layers", "vocab_size"];

test.each([
  ["hiden_size", "hidden_size"],
  ["HIDDEN_SIZE", "hidden_size"],
  ["num_hiddn_layrs", "num_hidden_layers"],
  ["vocabsize", "vocab_size"],
  ["quantization_config", undefined],
  ["x", undefined],
])("%s is nearest to %s", (name, expected) => {
  expect(nearestName(name, known)).toBe(expected);
});

test("of nothing, nothing is near", () => {
  expect(nearestName("a", [])).toBeUndefined();
});
