import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { embeddingSetOf, madeUpEmbeddings, madeUpTask } from "../../test/fixtures/eval/made-up-embeddings.ts";
import { singleVectorSet } from "../embed/embedding-set.ts";
import { chancePrecision, type RankingTask } from "./ranking-task.ts";
import { scoreEnsemble } from "./ensemble.ts";
import { hitsOf, isHit, precisionAtOne, rankOf, scoreRow, scoreTask } from "./scoring.ts";

function taskOf(...rows: RankingTask["rows"]): RankingTask {
  return { name: "by hand", rows };
}

describe("isHit", () => {
  test("asks for a score strictly above the others", () => {
    expect(isHit([0.1, 0.9, 0.2], { positive: 1 })).toBe(true);
    expect(isHit([0.1, 0.9, 0.95], { positive: 1 })).toBe(false);
  });
  test("calls a tie a miss, wherever the positive stands", () => {
    for (const positive of [0, 1, 2]) expect(isHit([0.5, 0.5, 0.5], { positive })).toBe(false);
  });
  test("lets duplicates of the positive stand for it", () => {
    expect(isHit([0.5, 0.9, 0.9], { positive: 1, duplicates: [2] })).toBe(true);
    expect(isHit([0.5, 0.4, 0.9], { positive: 1, duplicates: [2] })).toBe(true);
    expect(isHit([0.9, 0.4, 0.9], { positive: 1, duplicates: [2] })).toBe(false);
  });
  test("never lets NaN win", () => {
    expect(isHit([Number.NaN, 0.5], { positive: 1 })).toBe(false);
    expect(isHit([Number.NaN, 0.5], { positive: 0 })).toBe(false);
    expect(isHit([Number.NaN], { positive: 0 })).toBe(false);
  });
  test("calls a lone positive a hit", () => {
    expect(isHit([0.2], { positive: 0 })).toBe(true);
  });
  test("does not depend on the order of the candidates", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 8 }), fc.nat(), (scores, which) => {
        const positive = which % scores.length;
        expect(isHit([...scores].reverse(), { positive: scores.length - 1 - positive })).toBe(isHit(scores, { positive }));
      }),
    );
  });
});

describe("rankOf", () => {
  test("counts ties and NaN against the positive, and never its duplicates", () => {
    expect(rankOf([0.1, 0.9, 0.2], { positive: 1 })).toBe(1);
    expect(rankOf([0.5, 0.5, 0.5], { positive: 1 })).toBe(3);
    expect(rankOf([0.9, 0.4, 0.8], { positive: 1, duplicates: [2] })).toBe(2);
    expect(rankOf([Number.NaN, 0.5, 0.1], { positive: 1 })).toBe(2);
    expect(rankOf([Number.NaN, 0.5, 0.1], { positive: 0 })).toBe(4);
  });
  test("is 1 for a hit and only for one", () => {
    const scores = fc.array(fc.constantFrom(0, 0.25, 0.5, Number.NaN), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(scores, fc.nat(), (list, which) => {
        const row = { positive: which % list.length };
        expect(isHit(list, row)).toBe(rankOf(list, row) === 1);
      }),
    );
  });
});

describe("scoreTask", () => {
  // Two orthogonal paths. Query 0 points to x on path 0 and to y on path 1.
  const queries = embeddingSetOf([[[1, 0], [0, 1]]]); // prettier-ignore
  const candidates = embeddingSetOf([
    [[1, 0], [1, 0]], // 0: right on path 0, wrong on path 1: sum 1
    [[0.6, 0.8], [0, 1]], // 1: wrong on path 0, right on path 1: sum 1.6
    [[0, 1], [1, 0]], // 2: swapped: sum 0, MaxSim 2
  ]); // prettier-ignore

  test("gives the views worked out by hand", () => {
    const scores = scoreRow({ query: 0, candidates: [0, 1, 2], positive: 1 }, { queries, candidates });
    const rounded = (list: Float64Array): number[] => [...list].map((value) => Math.round(value * 1e6) / 1e6);
    expect(rounded(scores.aggregate)).toEqual([1, 0.6, 0]);
    expect(scores.paths.map(rounded)).toEqual([[1, 0.6, 0], [0, 1, 0]]); // prettier-ignore
    expect(rounded(scores.all)).toEqual([1, 1.6, 0]);
    expect(rounded(scores.maxSim)).toEqual([1, 1.6, 2]);
  });
  test("counts hits by view", () => {
    const hits = scoreTask(taskOf({ query: 0, candidates: [0, 1, 2], positive: 1 }), { queries, candidates });
    expect(hits).toEqual({
      aggregate: Uint8Array.of(0),
      paths: [Uint8Array.of(0), Uint8Array.of(1)],
      all: Uint8Array.of(1),
      maxSim: Uint8Array.of(0),
      oracle: Uint8Array.of(1),
    });
  });
  test("weighs the paths of the sum, and of the sum only", () => {
    const task = taskOf({ query: 0, candidates: [0, 1, 2], positive: 0 });
    expect(scoreTask(task, { queries, candidates }, { weights: [1, 0] }).all).toEqual(Uint8Array.of(1));
    expect(scoreTask(task, { queries, candidates }, { weights: [1, 1] }).all).toEqual(Uint8Array.of(0));
  });
  test("scores a model that gives every input the same vector 0 in all views", () => {
    const same = embeddingSetOf(Array.from({ length: 5 }, () => [[0.6, 0.8], [0.8, 0.6]])); // prettier-ignore
    const rows = [0, 1, 2, 3, 4].map((query) => ({ query, candidates: [0, 1, 2, 3, 4], positive: query }));
    const hits = scoreTask(taskOf(...rows), { queries: same, candidates: same });
    for (const list of [hits.aggregate, ...hits.paths, hits.all, hits.maxSim, hits.oracle]) expect(precisionAtOne(list)).toBe(0);
  });
  test("finds every input among all others by itself", () => {
    const set = madeUpEmbeddings({ count: 30, pathCount: 3, dimensions: 16 }, 1);
    const everything = Array.from({ length: 30 }, (_, index) => index);
    const rows = everything.map((query) => ({ query, candidates: everything, positive: query }));
    const hits = scoreTask(taskOf(...rows), { queries: set, candidates: set });
    for (const list of [hits.aggregate, ...hits.paths, hits.all, hits.maxSim, hits.oracle]) expect(precisionAtOne(list)).toBe(1);
  });
  test("agrees with sums written plainly, for any number of paths", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 7 }), fc.nat(1000), (pathCount, dimensions, seed) => {
        const queries = madeUpEmbeddings({ count: 2, pathCount, dimensions }, seed);
        const candidates = madeUpEmbeddings({ count: 3, pathCount, dimensions }, seed + 1);
        const scores = scoreRow({ query: 1, candidates: [2, 0], positive: 0 }, { queries, candidates });
        [2, 0].forEach((candidate, place) => {
          const pairs = Array.from({ length: pathCount }, (_, i) =>
            Array.from({ length: pathCount }, (_, j) => {
              const q = queries.paths.slice((pathCount + i) * dimensions, (pathCount + i + 1) * dimensions);
              const t = candidates.paths.slice((candidate * pathCount + j) * dimensions, (candidate * pathCount + j + 1) * dimensions);
              return q.reduce((sum, value, column) => sum + value * (t[column] as number), 0);
            }),
          );
          pairs.forEach((row, path) => expect(scores.paths[path]?.[place]).toBeCloseTo(row[path] as number, 10));
          expect(scores.maxSim[place]).toBeCloseTo(
            pairs.reduce((sum, row) => sum + Math.max(...row), 0),
            10,
          );
          expect(scores.all[place]).toBeCloseTo(
            pairs.reduce((sum, row, path) => sum + (row[path] as number), 0),
            10,
          );
        });
      }),
      { numRuns: 50 },
    );
  });
  test("says what does not fit", () => {
    const set = madeUpEmbeddings({ count: 2, pathCount: 2, dimensions: 4 }, 1);
    const row = { query: 0, candidates: [0, 1], positive: 0 };
    const wider = madeUpEmbeddings({ count: 2, pathCount: 2, dimensions: 5 }, 1);
    expect(() => scoreTask(taskOf(row), { queries: set, candidates: wider })).toThrow(/\[2, 5\].*\[2, 4\]/);
    expect(() => scoreTask(taskOf(row), { queries: set, candidates: { ...set, count: 3 } })).toThrow(/aggregate must be \[3, 4\]/);
    expect(() => scoreTask(taskOf(row), { queries: set, candidates: set }, { weights: [1] })).toThrow(/1 weights for 2 paths/);
    expect(() => scoreTask(taskOf(row, { ...row, candidates: [0, 7] }), { queries: set, candidates: set })).toThrow(/row 1: candidate 7/);
    expect(() => scoreTask(taskOf({ ...row, positive: 2 }), { queries: set, candidates: set })).toThrow(/positive 2/);
    expect(() => scoreTask(taskOf({ ...row, query: 2 }), { queries: set, candidates: set })).toThrow(/query 2/);
  });
});

describe("scoreEnsemble", () => {
  test("adds the members' aggregate scores, whatever their dimensions", () => {
    const sure = { queries: singleVectorSet(Float32Array.of(1, 0), 2), candidates: singleVectorSet(Float32Array.of(1, 0, 0, 1), 2) };
    const unsure = { queries: singleVectorSet(Float32Array.of(1), 1), candidates: singleVectorSet(Float32Array.of(0.5, 0.9), 1) };
    const hits = scoreEnsemble(taskOf({ query: 0, candidates: [0, 1], positive: 0 }), [sure, unsure]);
    expect(hits.paths).toEqual([Uint8Array.of(1), Uint8Array.of(0)]);
    expect([hits.aggregate, hits.all, hits.maxSim, hits.oracle]).toEqual(Array.from({ length: 4 }, () => Uint8Array.of(1)));
  });
});

test("hitsOf scores what needs no vectors", () => {
  const task = taskOf({ query: 0, candidates: [3, 4], positive: 1 }, { query: 0, candidates: [4, 3], positive: 1 });
  expect(hitsOf(task, (row) => Array.from(row.candidates))).toEqual(Uint8Array.of(1, 0));
});

test("chancePrecision counts duplicates of the positive as right", () => {
  const task = taskOf(
    { query: 0, candidates: [0, 1, 2, 3], positive: 0, duplicates: [1] },
    { query: 0, candidates: [0, 1, 2, 3], positive: 0 },
  );
  expect(chancePrecision(task)).toBeCloseTo(0.375, 12);
});

test("random vectors score about chance", () => {
  const task = madeUpTask({ queries: 400, pool: 50, candidateCount: 10 }, 3);
  const queries = madeUpEmbeddings({ count: 400, pathCount: 2, dimensions: 8 }, 4);
  const candidates = madeUpEmbeddings({ count: 50, pathCount: 2, dimensions: 8 }, 5);
  const precision = precisionAtOne(scoreTask(task, { queries, candidates }).all);
  expect(Math.abs(precision - 0.1)).toBeLessThan(0.06); // 4 standard errors
});
