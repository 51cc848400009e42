import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src/engine/graph/graph-builder.ts";
import type { FloatTensor } from "../../src/engine/tensor/tensor.ts";
import { positionTaps } from "../../src/model/backbones/qwen3-vl/position-taps.ts";
import { Parameters } from "../../src/model/nn/parameter-source.ts";
import { relativeError } from "../fixtures/qwen2-vl/run-graph.ts";
import { readReferenceModel, REFERENCE_MODELS } from "../fixtures/qwen3-vl/reference-model.ts";
import { TOLERANCE } from "../support/reference/parity-tests.ts";
import { realPatches, testPatchParity } from "../support/reference/patch-parity-tests.ts";
import { PATCH_IMAGE_CASES } from "../support/reference/patch-reference-model.ts";

describe.each(REFERENCE_MODELS)("the model %s against transformers", async (name) => {
  const model = await readReferenceModel(name);
  const { backbone, config, weights } = model;
  const { vision } = config;
  testPatchParity(model);

  test("each deepstack block gives features for a layer", () => {
    const { deep } = backbone.encodeImages(new Parameters(new GraphBuilder()), { vision: "uniform", inputPrefix: "" });
    expect(deep).toHaveLength(vision.deepstackBlocks.length);
  });

  test.each(PATCH_IMAGE_CASES)("positions of the patches of %s, mixed of the learned ones", (name) => {
    const grids = model.grids(name);
    const { rows, weights: shares } = positionTaps(vision, grids);
    const table = weights["model.visual.pos_embed.weight"] as FloatTensor;
    const width = vision.embedDimension;
    const mixed = realPatches(grids, 4, (at) => at).map((at) => ({ row: rows.data[at] as number, share: shares.data[at] as number }));
    const actual = Array.from({ length: mixed.length / 4 }, (_, patch) =>
      Array.from({ length: width }, (_, column) =>
        mixed
          .slice(patch * 4, patch * 4 + 4)
          .reduce((sum, { row, share }) => sum + share * (table.data[row * width + column] as number), 0),
      ),
    ).flat();
    expect(relativeError(actual, model.expected(`expected.${name}.position_embeddings`).data)).toBeLessThan(TOLERANCE);
  });
});
