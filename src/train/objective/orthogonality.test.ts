import { expect, test } from "vitest";
import { slopes, worstSlope } from "../../../test/fixtures/objective/finite-differences.ts";
import { symbol } from "../../engine/graph/dimension.ts";
import { GraphBuilder, type Graph } from "../../engine/graph/graph-builder.ts";
import { GraphSession } from "../../engine/runtime/graph-session.ts";
import { floatTensor, type FloatTensor } from "../../engine/tensor/tensor.ts";
import { RandomStream } from "../../random/random-stream.ts";
import { orthogonality } from "./orthogonality.ts";

function graphOf(centred: boolean, [pathCount, dimensions]: readonly [number, number]): Graph {
  const builder = new GraphBuilder();
  return builder.finish({ loss: orthogonality(builder.input("paths", "float32", [symbol("batch"), pathCount, dimensions]), { centred }) });
}

async function measure(paths: FloatTensor, centred: boolean): Promise<number> {
  await using session = await GraphSession.create(graphOf(centred, [paths.shape[1] as number, paths.shape[2] as number]), { threads: 1 });
  return (await session.run({ paths }))["loss"]?.data[0] as number;
}

test("orthogonal paths give 0, equal ones 1, at 60 degrees a quarter", async () => {
  expect(await measure(floatTensor([1, 2, 2], [1, 0, 0, 3]), false)).toBeCloseTo(0, 6);
  expect(await measure(floatTensor([2, 2, 2], [1, 2, 2, 4, 0, 1, 0, 5]), false)).toBeCloseTo(1, 6);
  expect(await measure(floatTensor([1, 2, 2], [1, 0, 0.5, Math.sqrt(0.75)]), false)).toBeCloseTo(0.25, 6);
});

test("a constant offset per path meets the raw measure but not the centred one", async () => {
  const random = new RandomStream("offset");
  const rows = Array.from({ length: 20 }, () => random.normals(2, 0.01));
  const data = rows.flatMap(([x = 0, y = 0]) => [1, 0, x, y, 0, 1, x, y]); // two paths, the same but for where they lie
  const paths = floatTensor([20, 2, 4], data);
  expect(await measure(paths, false)).toBeLessThan(0.001);
  expect(await measure(paths, true)).toBeCloseTo(1, 3);
});

test.each([false, true])("gradients by finite differences, centred: %s", async (centred) => {
  const paths = floatTensor([5, 3, 4], new RandomStream("orthogonality").normals(60));
  const found = await slopes(graphOf(centred, [3, 4]), { paths }, { loss: "loss", inputs: ["paths"], directions: 8 });
  expect(worstSlope(found)).toBeLessThan(2e-3);
});
