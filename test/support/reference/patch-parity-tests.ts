import { expect, test } from "vitest";
import type { PatchGrid } from "../../../src/model/multimodal/patches/patch-grid.ts";
import { visionRotaryTables } from "../../../src/model/multimodal/patches/vision-rotary.ts";
import { decoderRotaryTables } from "../../../src/model/nn/rotary-tables.ts";
import { relativeError } from "../../fixtures/qwen2-vl/run-graph.ts";
import { testNextTokenScores, testParity, TOLERANCE } from "./parity-tests.ts";
import { PATCH_CASES, PATCH_IMAGE_CASES, type PatchCase, type PatchReferenceModel } from "./patch-reference-model.ts";

/** The tests of every backbone with patches in merge blocks against the numbers of `transformers`. */
export function testPatchParity(model: PatchReferenceModel): void {
  testParity(model, { cases: PATCH_CASES, imageCases: PATCH_IMAGE_CASES });
  testNextTokenScores(model);

  test.each(PATCH_CASES)("rotary angles of %s", (name: PatchCase) => {
    const { positionIds } = model.batch(name);
    const [, rows, tokens] = positionIds.shape as [number, number, number];
    const tables = decoderRotaryTables(model.backbone.decoder.rotary, positionIds.data, [rows, tokens]);
    expect(relativeError(tables.cosines.data, model.expected(`expected.${name}.cosines`).data)).toBeLessThan(TOLERANCE);
    expect(relativeError(tables.sines.data, model.expected(`expected.${name}.sines`).data)).toBeLessThan(TOLERANCE);
  });

  test.each(PATCH_IMAGE_CASES)("rotary angles of the patches of %s", (name) => {
    const grids = model.grids(name);
    const { cosines, sines } = visionRotaryTables(model.config.vision, grids);
    const half = cosines.shape[2] as number;
    const real = (data: Float32Array): number[] => realPatches(grids, half, (at) => data[at] as number);
    expect(relativeError(real(cosines.data), model.expected(`expected.${name}.vision_cosines`).data)).toBeLessThan(TOLERANCE);
    expect(relativeError(real(sines.data), model.expected(`expected.${name}.vision_sines`).data)).toBeLessThan(TOLERANCE);
  });
}

/** What stands at each number of the patches that are no padding, `width` numbers a patch. */
export function realPatches<T>(grids: readonly PatchGrid[], width: number, pick: (at: number) => T): T[] {
  const sizes = grids.map(({ rows, columns }) => rows * columns);
  const longest = Math.max(...sizes);
  return sizes.flatMap((size, image) => Array.from({ length: size * width }, (_, at) => pick(image * longest * width + at)));
}
