import { expect, test } from "vitest";
import { randomTensor, TINY_BACKBONE, tinyBatch } from "../../../../test/fixtures/qwen2-vl/tiny-model.ts";
import type { FloatTensor } from "../../../engine/tensor/tensor.ts";
import { MASKED } from "../../nn/causal-bias.ts";
import { SINGLE_PATH, type PathConfig } from "../../paths/path-config.ts";
import { modelInputs } from "../../multimodal/model-inputs.ts";
import { visionModeOf } from "../../multimodal/token-batch.ts";
import { decoderRotaryTables } from "../../nn/rotary-tables.ts";

test("which graph a batch needs", () => {
  expect(visionModeOf(tinyBatch([[1, 2]]))).toBe("none");
  expect(visionModeOf(tinyBatch([[{ rows: 1, columns: 2 }], [3, { rows: 1, columns: 2 }]]))).toBe("uniform");
  expect(visionModeOf(tinyBatch([[{ rows: 1, columns: 2 }], [3, { rows: 2, columns: 1 }]]))).toBe("ragged");
});

test("last tokens, and image tokens taken from behind all words, in order over padded images", () => {
  const batch = tinyBatch([[{ rows: 1, columns: 1, seed: 1 }], [3, { rows: 1, columns: 2, seed: 2 }, 5], [7]]);
  const inputs = modelInputs(TINY_BACKBONE, SINGLE_PATH, batch);
  // rows of 6 tokens; 18 words, then features [2 images, 2 blocks]
  expect(Array.from(inputs["lastRows"]?.data as Int32Array)).toEqual([2, 11, 12]);
  expect(Array.from(inputs["sourceRows"]?.data as Int32Array)).toEqual([0, 18, 2, 3, 4, 5, 6, 7, 20, 21, 10, 11, 12, 13, 14, 15, 16, 17]);
  expect(inputs["visionBias"]?.shape).toEqual([2, 2, 4]);
  expect(Array.from(inputs["visionBias"]?.data as Float32Array)).toEqual(
    [...Array.from({ length: 4 }, () => 0), ...Array.from({ length: 4 }, () => MASKED), ...Array.from({ length: 8 }, () => 0)].map(
      Math.fround,
    ),
  );
  const pixels = inputs["pixelValues"] as FloatTensor;
  expect(pixels.shape).toEqual([2, 2, 4, 12]);
  expect(pixels.data.slice(0, 48)).toEqual(randomTensor([48], 1).data);
  expect(pixels.data.slice(48, 96)).toEqual(new Float32Array(48));
  expect(pixels.data.slice(96)).toEqual(randomTensor([96], 2).data);
});

test("readout tokens stand behind the last position, counted anew in each path", () => {
  const config: PathConfig = { count: 2, prefixLength: 1, topology: { kind: "shared", readoutTokens: 2 }, aggregation: "mean" };
  const batch = tinyBatch([
    [4, { rows: 1, columns: 3 }],
    [5, 6],
  ]); // last positions: 0, 1, 2 2 3 4, then 5; and 1
  const inputs = modelInputs(TINY_BACKBONE, config, batch);
  const places = [6, 7, 6, 7, 2, 3, 2, 3];
  const expected = decoderRotaryTables(TINY_BACKBONE.decoder.rotary, Int32Array.from([...places, ...places, ...places]), [2, 4]);
  expect(inputs["readoutCosines"]).toEqual(expected.cosines);
  expect(inputs["readoutSines"]).toEqual(expected.sines);
  expect(Array.from(inputs["lengths"]?.data as Int32Array)).toEqual([6, 2]);
});
