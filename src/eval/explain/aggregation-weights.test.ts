import { expect, test } from "vitest";
import { madeUpEmbeddings, normaliseRows } from "../../../test/fixtures/eval/made-up-embeddings.ts";
import type { EmbeddingSet } from "../../embed/embedding-set.ts";
import { aggregationWeights } from "./aggregation-weights.ts";

const PATHS = 4;
const D = 24;

/** The set with each aggregate made of its paths by these weights; paths pulled together, so that they are as alike as those of a real model. */
function weighed(weights: readonly number[], alike = 3): EmbeddingSet {
  const set = madeUpEmbeddings({ count: 5, pathCount: PATHS, dimensions: D }, 1);
  for (let item = 0; item < set.count; item++) {
    for (let at = 0; at < PATHS * D; at++) {
      const own = item * PATHS * D + at;
      set.paths[own] = (set.paths[own] as number) + alike * (set.aggregate[item * D + (at % D)] as number);
    }
  }
  normaliseRows(set.paths, D);
  const aggregate = Float32Array.from({ length: set.count * D }, (_, at) => {
    const [item, column] = [Math.floor(at / D), at % D];
    return weights.reduce((sum, weight, path) => sum + weight * (set.paths[(item * PATHS + path) * D + column] as number), 0);
  });
  normaliseRows(aggregate, D);
  return { ...set, aggregate };
}

test.each([[[0.4, 0.3, 0.2, 0.1]], [[0.25, 0.25, 0.25, 0.25]], [[0.97, 0.01, 0.01, 0.01]], [[0, 1, 0, 0]]])(
  "weights %j are found again",
  (weights) => {
    const set = weighed(weights);
    for (let item = 0; item < set.count; item++) {
      const found = aggregationWeights(set, item);
      weights.forEach((weight, path) => expect(found?.[path]).toBeCloseTo(weight, 4));
    }
  },
);

test("paths that have become one, and aggregates that are no sum of them, have none", () => {
  expect(aggregationWeights(weighed([0.4, 0.3, 0.2, 0.1], 1e6), 0)).toBeUndefined();
  const other = madeUpEmbeddings({ count: 5, pathCount: PATHS, dimensions: D }, 2);
  expect(aggregationWeights({ ...weighed([0.4, 0.3, 0.2, 0.1]), aggregate: other.aggregate }, 0)).toBeUndefined();
  expect(aggregationWeights({ ...other, paths: other.paths.map(() => Number.NaN) }, 0)).toBeUndefined();
});
