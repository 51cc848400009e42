import { describe, expect, test } from "vitest";
import { readReferenceModel, REFERENCE_MODELS } from "../fixtures/qwen2-vl/reference-model.ts";
import { testPatchParity } from "../support/reference/patch-parity-tests.ts";

describe.each(REFERENCE_MODELS)("the model %s against transformers", async (name) => {
  const model = await readReferenceModel(name);
  testPatchParity(model);

  test("the library's position ids are those of a batch of text", () => {
    const { positionIds } = model.batch("text");
    expect([...positionIds.data]).toEqual([0, 1, 2].flatMap(() => [0, 1, 2, 3, 4, 5, 6]));
  });
});
