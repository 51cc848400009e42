import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { embeddingSetOf, madeUpEmbeddings, madeUpTask, normaliseRows } from "../../test/fixtures/eval/made-up-embeddings.ts";
import { collapseVerdict } from "../embed/diversity/collapse-verdict.ts";
import { linearCka } from "../embed/diversity/linear-cka.ts";
import { centredPathCosine, pathCosine } from "../embed/diversity/path-cosine.ts";
import { pairMean, pairValues, type PathMatrix } from "../embed/diversity/path-matrix.ts";
import { averageRanks, RankCorrelation, spearman } from "../embed/diversity/rank-correlation.ts";
import type { EmbeddingSet } from "../embed/embedding-set.ts";
import { measureDiversity } from "./diversity.ts";
import type { RankingTask } from "./ranking-task.ts";
import { precisionAtOne, scoreRow, scoreTask, type TaskEmbeddings } from "./scoring.ts";

const TOLERANCE = 1e-6;

const numbers = z.array(z.number());
const vectors = z.object({ aggregate: numbers, paths: numbers });
const byView = z.record(z.string(), z.union([numbers, z.array(numbers)]));
const referenceSchema = z.object({
  sizes: z.object({ count: z.number(), pathCount: z.number(), dimensions: z.number() }),
  queries: vectors,
  candidates: vectors,
  rows: z.array(z.object({ query: z.number(), candidates: numbers, positive: z.number() })),
  weights: numbers,
  firstScores: byView,
  precision: z.object({ aggregate: z.number(), all: z.number(), weighted: z.number(), maxSim: z.number() }),
  rawCosine: z.array(numbers),
  centredCosine: z.array(numbers),
  cka: z.array(numbers),
  rankCorrelation: z.array(numbers),
});
const reference = referenceSchema.parse(JSON.parse(readFileSync("test/fixtures/eval/reference.json", "utf8")));
const setOf = (side: z.infer<typeof vectors>): EmbeddingSet => ({
  ...reference.sizes,
  aggregate: Float32Array.from(side.aggregate),
  paths: Float32Array.from(side.paths),
});
const embeddings = { queries: setOf(reference.queries), candidates: setOf(reference.candidates) };
const task = { name: "reference", rows: reference.rows };

function rankCorrelationOf(of: RankingTask, taskEmbeddings: TaskEmbeddings): PathMatrix {
  const correlation = new RankCorrelation(taskEmbeddings.queries.pathCount);
  scoreTask(of, taskEmbeddings, { onRow: (_, { paths }) => correlation.add(paths) });
  return correlation.mean();
}

function expectClose(actual: PathMatrix, expected: PathMatrix): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((row, left) =>
    row.forEach((value, right) => expect(Math.abs((actual[left]?.[right] ?? Number.NaN) - (value ?? 0))).toBeLessThan(TOLERANCE)),
  );
}

describe("agrees with NumPy to 1e-6", () => {
  test("scores of a row in every view", () => {
    const row = reference.rows[0] as (typeof reference.rows)[number];
    const { aggregate, paths, all, maxSim } = scoreRow(row, embeddings);
    const weighted = scoreRow(row, embeddings, reference.weights).all;
    const actual: Record<string, Float64Array | readonly Float64Array[]> = { aggregate, paths, all, maxSim, weighted };
    for (const [view, expected] of Object.entries(reference.firstScores)) {
      const flat = [actual[view] ?? []].flat().flatMap((list) => Array.from(list as ArrayLike<number>));
      expect(flat.length).toBe(expected.flat().length);
      expected.flat().forEach((score, place) => expect(Math.abs((flat[place] ?? Number.NaN) - score)).toBeLessThan(TOLERANCE));
    }
  });
  test("precision at 1", () => {
    const hits = scoreTask(task, embeddings);
    expect(precisionAtOne(hits.aggregate)).toBeCloseTo(reference.precision.aggregate, 12);
    expect(precisionAtOne(hits.all)).toBeCloseTo(reference.precision.all, 12);
    expect(precisionAtOne(hits.maxSim)).toBeCloseTo(reference.precision.maxSim, 12);
    const weighted = scoreTask(task, embeddings, { weights: reference.weights });
    expect(precisionAtOne(weighted.all)).toBeCloseTo(reference.precision.weighted, 12);
  });
  test("cosines, CKA and rank correlation", () => {
    expectClose(pathCosine(embeddings.queries), reference.rawCosine);
    expectClose(centredPathCosine(embeddings.queries), reference.centredCosine);
    expectClose(linearCka(embeddings.queries), reference.cka);
    expectClose(rankCorrelationOf(task, embeddings), reference.rankCorrelation);
  });
});

describe("paths that are the same", () => {
  const one = madeUpEmbeddings({ count: 60, pathCount: 1, dimensions: 8 }, 1);
  const twice: EmbeddingSet = { ...one, pathCount: 2, paths: Float32Array.from({ length: 60 * 16 }, (_, at) => repeated(one.paths, at)) };
  const sameTask = madeUpTask({ queries: 60, pool: 60, candidateCount: 10 }, 2);

  test("have cosine, CKA and rank correlation 1 and count as collapsed", () => {
    const diversity = measureDiversity(twice, rankCorrelationOf(sameTask, { queries: twice, candidates: twice }));
    const ones = [[1, 1], [1, 1]]; // prettier-ignore
    expectClose(diversity.rawCosine, ones);
    expectClose(diversity.centredCosine, ones);
    expectClose(diversity.cka, ones);
    expectClose(diversity.rankCorrelation, ones);
    expect(diversity.verdict).toBe("collapsed");
  });
  test("look diverse to the raw cosine when each has its own offset, and to no other measure", () => {
    const shifted = twice.paths.map((value, at) => value * 0.4 + (at % 16 === 0 ? 1 : 0) + (at % 16 === 9 ? 1 : 0));
    const offset = { ...twice, paths: shifted };
    expect(pairMean(pathCosine(offset))).toBeLessThan(0.4);
    expect(pairMean(linearCka(offset))).toBeCloseTo(1, 5);
  });
});

describe("CKA", () => {
  test("does not see a rotation, the cosine does", () => {
    // path 1 is path 0 turned by 90 degrees in each plane of two columns
    const plane = madeUpEmbeddings({ count: 50, pathCount: 1, dimensions: 4 }, 5);
    const paths = Float32Array.from({ length: 50 * 8 }, (_, at) => {
      const [item, column] = [Math.floor(at / 8), at % 8];
      if (column < 4) return plane.paths[item * 4 + column] as number;
      const turned = column - 4;
      return (turned % 2 === 0 ? -1 : 1) * (plane.paths[item * 4 + (turned ^ 1)] as number);
    });
    const set = { ...plane, pathCount: 2, paths };
    expect(linearCka(set)[0]?.[1]).toBeCloseTo(1, 6);
    expect(Math.abs(pathCosine(set)[0]?.[1] ?? 1)).toBeLessThan(1e-6);
  });
  test("of unrelated paths falls towards D / (count + D)", () => {
    const value = pairMean(linearCka(madeUpEmbeddings({ count: 400, pathCount: 2, dimensions: 8 }, 6))) ?? 1;
    expect(value).toBeLessThan(0.06);
  });
  test("takes evenly spaced inputs when there are too many", () => {
    const set = madeUpEmbeddings({ count: 1100, pathCount: 2, dimensions: 4 }, 7);
    const every = linearCka(set);
    const some = measureDiversity(set, []).cka;
    expect(some).not.toEqual(every);
    pairValues(every).forEach((value, pair) => expect(Math.abs(value - (pairValues(some)[pair] ?? 9))).toBeLessThan(0.05));
  });
});

test("orthogonal paths have cosine 0, and a path that does not vary has no centred measures", () => {
  const set = embeddingSetOf([[[1, 0], [0, 1]], [[1, 0], [0, -1]]]); // prettier-ignore
  expect(pathCosine(set)).toEqual([[1, 0], [0, 1]]); // prettier-ignore
  expect(centredPathCosine(set)).toEqual([[null, null], [null, 1]]); // prettier-ignore
  expect(linearCka(set)).toEqual([[null, null], [null, 1]]); // prettier-ignore
});

describe("spearman", () => {
  test("by hand: 1 - 6 Σd² / (n (n² - 1)) without ties", () => {
    expect(spearman([10, 20, 30, 40, 50], [1, 3, 2, 5, 4])).toBeCloseTo(1 - (6 * 4) / (5 * 24), 12);
    expect(spearman([1, 2, 3], [30, 20, 10])).toBeCloseTo(-1, 12);
  });
  test("shares ranks among ties", () => {
    expect([...averageRanks([5, 1, 5, 9])]).toEqual([2.5, 1, 2.5, 4]);
    expect([...averageRanks([2, 2, 2])]).toEqual([2, 2, 2]);
    expect(spearman([1, 1, 1], [1, 2, 3])).toBeNaN();
  });
  test("sees only the order", () => {
    const scores = fc.uniqueArray(fc.integer({ min: -30, max: 30 }), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(scores, (values) => {
        expect(spearman(values, values.map(Math.exp))).toBeCloseTo(1, 10);
      }),
    );
  });
  test("is symmetric and between -1 and 1", () => {
    const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 })), { minLength: 2, maxLength: 10 });
    fc.assert(
      fc.property(pairs, (values) => {
        const [left, right] = [values.map(([first]) => first), values.map(([, second]) => second)];
        const value = spearman(left, right);
        expect(spearman(right, left)).toEqual(value);
        expect(Math.abs(value) > 1 + 1e-12).toBe(false); // NaN where a list does not vary
      }),
    );
  });
});

describe("collapseVerdict", () => {
  const of = (...pairs: (number | null)[]): PathMatrix => {
    const [first = 1, second = first, third = first] = pairs;
    return [[1, first, second], [first, 1, third], [second, third, 1]]; // prettier-ignore
  };
  test("speaks by the rank correlation of the pairs", () => {
    expect(collapseVerdict(of(0.5))).toBe("distinct");
    expect(collapseVerdict(of(0.98))).toBe("distinct");
    expect(collapseVerdict(of(0.5, 0.99, 0.5))).toBe("partly-collapsed");
    expect(collapseVerdict(of(0.985))).toBe("collapsed");
    expect(collapseVerdict([[1]])).toBe("single-path");
  });
  test("counts a path without ranks as no path of its own", () => {
    expect(collapseVerdict(of(0.5, null, null))).toBe("partly-collapsed");
    expect(collapseVerdict(of(null))).toBe("collapsed");
  });
});

function repeated(rows: Float32Array, at: number): number {
  return rows[Math.floor(at / 16) * 8 + (at % 8)] as number;
}

test("four linear heads on one vector look diverse to the cosine and rank alike", () => {
  // every head keeps the geometry (a rotation by columns), so that all paths give the same scores
  const one = madeUpEmbeddings({ count: 80, pathCount: 1, dimensions: 8 }, 9);
  const paths = Float32Array.from({ length: 80 * 32 }, (_, at) => {
    const [item, path, column] = [Math.floor(at / 32), Math.floor(at / 8) % 4, at % 8];
    return one.paths[item * 8 + ((column + path) % 8)] as number;
  });
  normaliseRows(paths, 8);
  const set = { ...one, pathCount: 4, paths };
  const heads = madeUpTask({ queries: 80, pool: 80, candidateCount: 20 }, 10);
  const diversity = measureDiversity(set, rankCorrelationOf(heads, { queries: set, candidates: set }));
  expect(Math.abs(pairMean(diversity.rawCosine) ?? 1)).toBeLessThan(0.1);
  expect(diversity.verdict).toBe("collapsed");
});
