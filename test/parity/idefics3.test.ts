import { describe, expect, test } from "vitest";
import { readReferenceModel, REFERENCE_CASES, REFERENCE_MODELS } from "../fixtures/idefics3/reference-model.ts";
import { testNextTokenScores, testParity } from "../support/reference/parity-tests.ts";
import { realTokens } from "../support/reference/real-tokens.ts";

const IMAGE_CASES = ["image", "several", "mixed"] as const;

describe.each(REFERENCE_MODELS)("the model %s against transformers", async (modelName) => {
  const model = await readReferenceModel(modelName);
  testParity(model, {
    cases: REFERENCE_CASES,
    imageCases: IMAGE_CASES,
    // larger than for other backbones: an input's last token hardly depends on a single one of so many tiles, and the tower's gradients are small
    gradientTolerance: 5e-5,
    isNothing: /^model\.vision_model\..*\.k_proj\.bias$/,
  });
  testNextTokenScores(model);

  test.each(REFERENCE_CASES)("token ids of %s", async (name) => {
    const batch = await model.batch(name);
    const expected = model.integers(`inputs.${name}.input_ids`);
    expect(batch.inputIds.shape).toEqual(expected.shape);
    expect([...batch.lengths]).toEqual([...model.integers(`inputs.${name}.lengths`).data]);
    expect(realTokens(batch.inputIds.data, batch)).toEqual(realTokens(expected.data, batch));
  });

  test.each(IMAGE_CASES)("the tokens of the images of %s are the rows of their features, in order", async (name) => {
    const { images } = await model.batch(name);
    const [rows] = model.expected(`expected.${name}.image_features`).shape as [number, number];
    expect([...(images?.featureRows ?? [])]).toEqual(Array.from({ length: rows }, (_, row) => row));
  });
});
