import { describe } from "vitest";
import { readReferenceModel, REFERENCE_CASES, REFERENCE_MODELS } from "../fixtures/llava-next/reference-model.ts";
import { testParity } from "../support/reference/parity-tests.ts";

describe.each(REFERENCE_MODELS)("the model %s against transformers", async (name) => {
  testParity(await readReferenceModel(name), {
    cases: REFERENCE_CASES,
    imageCases: ["image", "several", "mixed", "base_only"],
    isNothing: /^vision_tower\..*\.k_proj\.bias$/,
  });
});
