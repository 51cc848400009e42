import { expect, test } from "vitest";
import { relativeError, runGraph } from "../../../../test/fixtures/qwen2-vl/run-graph.ts";
import { randomWeights, TINY, tinyBatch, type Picture } from "../../../../test/fixtures/qwen2-vl/tiny-model.ts";
import { GraphBuilder } from "../../../engine/graph/graph-builder.ts";
import { Parameters } from "../../nn/parameter-source.ts";
import { imageFeatures } from "./image-features.ts";

/** Features of each picture: its blocks' rows one after another. */
async function encode(pictures: readonly Picture[], vision: "uniform" | "ragged"): Promise<number[][]> {
  const parameters = new Parameters(new GraphBuilder());
  const graph = parameters.builder.finish({ features: imageFeatures(parameters, TINY.vision, { vision, inputPrefix: "" }) });
  const { inputs = {}, featureRows = new Int32Array() } = tinyBatch([pictures]).images ?? {};
  const { features } = await runGraph<"features">(graph, { ...randomWeights(parameters.shapes), ...inputs });
  let from = 0;
  return pictures.map(({ rows, columns }) => {
    const blocks = featureRows.subarray(from, (from += rows * columns));
    return Array.from(blocks).flatMap((block) =>
      Array.from(features.data.subarray(block * TINY.hiddenSize, (block + 1) * TINY.hiddenSize)),
    );
  });
}

test("an image's features do not depend on the images beside it, larger or smaller", async () => {
  const pictures = [{ rows: 1, columns: 2, seed: 1 }, { rows: 3, columns: 2, seed: 2 }, { rows: 2, columns: 1, seed: 3 }]; // prettier-ignore
  const together = await encode(pictures, "ragged");
  for (const [at, picture] of pictures.entries()) {
    const [alone] = await encode([picture], "uniform");
    expect(relativeError(together[at] ?? [], alone ?? [1])).toBeLessThan(1e-5);
  }
});

test("pictures of one number of patches but different shapes are told apart", async () => {
  const [wide, tall] = [{ rows: 1, columns: 4, seed: 1 }, { rows: 4, columns: 1, seed: 1 }]; // prettier-ignore
  const [first, second] = await encode([wide, tall], "ragged");
  expect(relativeError(first ?? [], second ?? [])).toBeGreaterThan(0.01);
  expect(relativeError(first ?? [], (await encode([wide], "uniform"))[0] ?? [])).toBeLessThan(1e-5);
  expect(relativeError(second ?? [], (await encode([tall], "uniform"))[0] ?? [])).toBeLessThan(1e-5);
});

test("every patch of an image is seen by all its blocks", async () => {
  const [before] = await encode([{ rows: 2, columns: 2, seed: 1 }], "uniform");
  const [after] = await encode([{ rows: 2, columns: 2, seed: 2 }], "uniform");
  expect(before).toHaveLength(4 * TINY.hiddenSize);
  for (let block = 0; block < 4; block++) {
    const part = (features: number[] | undefined): number[] =>
      features?.slice(block * TINY.hiddenSize, (block + 1) * TINY.hiddenSize) ?? [];
    expect(relativeError(part(after), part(before))).toBeGreaterThan(0.01);
  }
});
