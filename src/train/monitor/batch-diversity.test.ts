import { expect, test } from "vitest";
import { floatTensor, type FloatTensor } from "../../engine/tensor/tensor.ts";
import { RandomStream } from "../../random/random-stream.ts";
import { measureBatch } from "./batch-diversity.ts";

/** [rows, pathCount, 8], path by path made of a row's first one. */
function paths(rows: number, pathCount: number, make: (first: Float32Array, path: number) => ArrayLike<number>): FloatTensor {
  const data = Array.from({ length: rows }, (_, row) => {
    const first = new RandomStream("row", row).normals(8);
    return Array.from({ length: pathCount }, (_path, path) => [...Array.from(make(first, path))]).flat();
  });
  return floatTensor([rows, pathCount, 8], data.flat());
}

test("paths that are one vector at two lengths have collapsed", () => {
  const same = paths(12, 2, (first, path) => first.map((value) => value * (1 + path)));
  const { centredCosine, cka, rankCorrelation, closest, verdict } = measureBatch({ queryPaths: same, targetPaths: same });
  for (const value of [centredCosine, cka, rankCorrelation]) expect(value).toBeCloseTo(1, 5);
  expect(closest).toEqual({ first: 0, second: 1, rankCorrelation });
  expect(verdict).toBe("collapsed");
});

test("of three paths the two that rank alike are named", () => {
  const mixed = paths(40, 3, (first, path) => (path === 1 ? new RandomStream("other", first[0] ?? 0).normals(8) : first));
  const { closest, verdict, rankCorrelation, centredCosine } = measureBatch({ queryPaths: mixed, targetPaths: mixed });
  expect(closest).toMatchObject({ first: 0, second: 2 });
  expect(closest?.rankCorrelation).toBeCloseTo(1, 6);
  expect(verdict).toBe("partly-collapsed");
  expect(rankCorrelation ?? 1).toBeLessThan(0.6);
  expect(centredCosine ?? 1).toBeLessThan(0.6);
});

test("paths that score everything alike compare with nothing", () => {
  const constant = floatTensor([3, 2, 8], new Float32Array(48).fill(1));
  expect(measureBatch({ queryPaths: constant, targetPaths: constant })).toEqual({
    centredCosine: null,
    cka: null,
    rankCorrelation: null,
    closest: null,
    verdict: "collapsed",
  });
});
