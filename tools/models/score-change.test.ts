import { expect, test } from "vitest";
import { embeddingSetOf } from "../../test/fixtures/eval/made-up-embeddings.ts";
import { VectorIndex } from "../../src/search/vector-index.ts";
import { scoreChanges } from "./score-change.ts";

test("the largest change of a score and the share of best hits that stay, for each view", () => {
  const index = (first: number[]): VectorIndex => {
    const made = new VectorIndex({ pathCount: 1, dimensions: 2 });
    made.add(["a", "b"], embeddingSetOf([[first], [[0, 1]]])); // prettier-ignore
    return made;
  };
  const queries = [[1, 0], [0.6, 0.8]].map((values) => ({ aggregate: Float32Array.from(values), paths: [Float32Array.from(values)] })); // prettier-ignore
  for (const { largest, sameBest } of scoreChanges(index([0.9, 0]), index([0.9, 0.5]), queries)) {
    expect(largest).toBeCloseTo(0.4, 6); // 0.8 * 0.5, of the second query, whose best hit is now "a"
    expect(sameBest).toBe(0.5);
  }
  expect(() => scoreChanges(index([1, 0]), new VectorIndex({ pathCount: 1, dimensions: 2 }), queries)).toThrow(/same things/);
});
