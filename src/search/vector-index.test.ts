import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { embeddingSetOf, madeUpEmbeddings } from "../../test/fixtures/eval/made-up-embeddings.ts";
import type { EmbeddingSet } from "../embed/embedding-set.ts";
import { loadIndex, saveIndex } from "./index-folder.ts";
import { topK } from "./top-k.ts";
import { VectorIndex, type SearchOptions, type SearchQuery, type SearchView } from "./vector-index.ts";

function queryOf(set: EmbeddingSet, item: number): SearchQuery {
  const { pathCount, dimensions } = set;
  return {
    aggregate: set.aggregate.subarray(item * dimensions, (item + 1) * dimensions),
    paths: Array.from({ length: pathCount }, (_, path) => {
      const start = (item * pathCount + path) * dimensions;
      return set.paths.subarray(start, start + dimensions);
    }),
  };
}

function indexOf(set: EmbeddingSet): VectorIndex {
  const index = new VectorIndex(set);
  index.add(namesOf(set.count), set);
  return index;
}

function namesOf(count: number): string[] {
  return Array.from({ length: count }, (_, item) => `item ${item}`);
}

/** The score written out plainly. */
function plainScore(query: SearchQuery, item: SearchQuery, { view = "aggregate", path = 0, weights }: SearchOptions): number {
  const dot = (left: Float32Array, right: Float32Array): number => left.reduce((sum, value, at) => sum + value * (right[at] as number), 0);
  const weight = (which: number): number => weights?.[which] ?? 1;
  switch (view) {
    case "aggregate":
      return dot(query.aggregate, item.aggregate);
    case "single":
      return dot(query.paths[path] as Float32Array, item.paths[path] as Float32Array);
    case "all":
      return query.paths.reduce((sum, vector, which) => sum + weight(which) * dot(vector, item.paths[which] as Float32Array), 0);
    case "maxSim":
      return query.paths.reduce(
        (sum, vector, which) => sum + weight(which) * Math.max(...item.paths.map((other) => dot(vector, other))),
        0,
      );
  }
}

describe("topK", () => {
  test("is a stable sort cut short", () => {
    const scores = fc.array(fc.integer({ min: 0, max: 5 }));
    fc.assert(
      fc.property(scores, fc.nat(20), (values, k) => {
        const sorted = values.map((score, item) => ({ item, score })).sort((left, right) => right.score - left.score);
        expect(topK(values, k)).toEqual(sorted.slice(0, k));
      }),
    );
  });
  test("puts NaN last", () => {
    expect(topK([Number.NaN, 1, Number.NaN, -Infinity], 4).map(({ item }) => item)).toEqual([1, 3, 0, 2]);
  });
});

describe("search", () => {
  const views: SearchView[] = ["aggregate", "single", "all", "maxSim"];

  test.each(views)("by %s finds what comparing everything finds", (view) => {
    const sizes = fc.record({
      count: fc.integer({ min: 1, max: 25 }),
      pathCount: fc.integer({ min: 1, max: 6 }),
      dimensions: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(sizes, fc.nat(1000), fc.nat(30), (size, seed, k) => {
        const stored = madeUpEmbeddings(size, seed);
        const query = queryOf(madeUpEmbeddings({ ...size, count: 1 }, seed + 1), 0);
        const weights = Array.from({ length: size.pathCount }, (_, path) => ((path + seed) % 4) - 1);
        const steered = view === "all" || view === "maxSim" ? { weights } : {};
        const options = { k, view, path: seed % size.pathCount, ...steered };
        const expected = namesOf(size.count).map((id, item) => ({ id, score: plainScore(query, queryOf(stored, item), options) }));
        const hits = indexOf(stored).search(query, options);
        expect(hits.length).toBe(Math.min(k, size.count));
        const best = expected.map(({ score }) => score).sort((left, right) => right - left);
        hits.forEach((hit, rank) => {
          expect(hit.score).toBeCloseTo(best[rank] as number, 10);
          expect(hit.score).toBeCloseTo(expected.find(({ id }) => id === hit.id)?.score as number, 10);
        });
      }),
      { numRuns: 40 },
    );
  });
  test("finds an input by itself in every view", () => {
    const set = madeUpEmbeddings({ count: 20, pathCount: 4, dimensions: 16 }, 3);
    for (const view of views) expect(indexOf(set).search(queryOf(set, 7), { k: 1, view })[0]?.id).toBe("item 7");
  });
  test("of equal scores, returns what was added first", () => {
    const same = embeddingSetOf(Array.from({ length: 40 }, () => [[0.6, 0.8]]));
    for (const view of views) {
      const hits = indexOf(same).search(queryOf(same, 9), { k: 3, view });
      expect(hits.map(({ id }) => id)).toEqual(["item 0", "item 1", "item 2"]);
    }
  });
  test("is steered by weights: with weight on one path only, that path decides", () => {
    const set = madeUpEmbeddings({ count: 30, pathCount: 3, dimensions: 8 }, 4);
    const index = indexOf(set);
    const query = queryOf(madeUpEmbeddings({ count: 1, pathCount: 3, dimensions: 8 }, 5), 0);
    const single = index.search(query, { k: 30, view: "single", path: 1 }).map(({ id }) => id);
    expect(index.search(query, { k: 30, view: "all", weights: [0, 1, 0] }).map(({ id }) => id)).toEqual(single);
  });
  test("does not depend on how the vectors were added", () => {
    const set = madeUpEmbeddings({ count: 30, pathCount: 2, dimensions: 4 }, 6);
    const piecewise = new VectorIndex(set);
    for (let start = 0; start < 30; start += 7) {
      const count = Math.min(7, 30 - start);
      const piece = {
        ...set,
        count,
        aggregate: set.aggregate.slice(start * 4, (start + count) * 4),
        paths: set.paths.slice(start * 8, (start + count) * 8),
      };
      piecewise.add(namesOf(30).slice(start, start + count), piece);
    }
    expect(piecewise.embeddings).toEqual(indexOf(set).embeddings);
    expect(piecewise.search(queryOf(set, 3), { k: 5 })).toEqual(indexOf(set).search(queryOf(set, 3), { k: 5 }));
  });
  test("of an empty index is empty", () => {
    const set = madeUpEmbeddings({ count: 1, pathCount: 2, dimensions: 4 }, 6);
    expect(new VectorIndex(set).search(queryOf(set, 0), { k: 3 })).toEqual([]);
  });
});

describe("bad input", () => {
  const set = madeUpEmbeddings({ count: 2, pathCount: 2, dimensions: 4 }, 6);
  const query = queryOf(set, 0);

  test("adds nothing if an id is taken or the sizes differ", () => {
    const index = indexOf(set);
    expect(() => index.add(["new", "item 1"], set)).toThrow(/"item 1" is there already/);
    expect(() => index.add(["new", "new"], set)).toThrow(/"new" is there already/);
    expect(() => index.add(["new"], set)).toThrow(/1 ids for 2 embeddings/);
    const wider = madeUpEmbeddings({ count: 2, pathCount: 2, dimensions: 5 }, 6);
    expect(() => index.add(["new", "newer"], wider)).toThrow(/\[2, 5\].*\[2, 4\]/);
    expect([index.size, index.has("new")]).toEqual([2, false]);
  });
  test("names the wrong option", () => {
    const index = indexOf(set);
    expect(() => index.search(query, { k: -1 })).toThrow(/option k: got -1/);
    expect(() => index.search(query, { k: 1.5 })).toThrow(/option k/);
    expect(() => index.search(query, { k: 1, view: "single", path: 2 })).toThrow(/path from 0 to 1/);
    expect(() => index.search(query, { k: 1, weights: [1, 1] })).toThrow(/option weights: got aggregate/);
    expect(() => index.search(query, { k: 1, view: "all", weights: [1] })).toThrow(/1 weights for 2 paths/);
    expect(() => index.search({ ...query, paths: [query.aggregate] }, { k: 1 })).toThrow(/\[1, 4\].*\[2, 4\]/);
  });
});

describe("an index folder", () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "polyvec-index-"))));
  afterEach(async () => rm(folder, { recursive: true }));

  const set = madeUpEmbeddings({ count: 5, pathCount: 3, dimensions: 4 }, 8);

  test("gives back what was saved", async () => {
    await saveIndex(folder, indexOf(set), { model: "emoji-mini" });
    const { index, metadata } = await loadIndex(folder);
    expect(index.ids).toEqual(namesOf(5));
    expect(index.embeddings).toEqual(set);
    expect(metadata).toEqual({ model: "emoji-mini" });
  });
  test("holds vectors as int8 in a quarter of the space, each with a scale of its own", async () => {
    const uneven = { ...set, paths: set.paths.map((value, at) => (at < 4 ? value / 1000 : value)) };
    await saveIndex(folder, indexOf(uneven), {}, { dtype: "int8" });
    const { embeddings } = (await loadIndex(folder)).index;
    for (const name of ["aggregate", "paths"] as const) {
      for (let start = 0; start < uneven[name].length; start += 4) {
        const row = uneven[name].subarray(start, start + 4);
        const halfScale = Math.max(...row.map(Math.abs)) / 127 / 2;
        row.forEach((value, at) =>
          expect(Math.abs((embeddings[name][start + at] as number) - value)).toBeLessThanOrEqual(halfScale * 1.001),
        );
      }
    }
    await saveIndex(folder, new VectorIndex({ pathCount: 2, dimensions: 4 }), {}, { dtype: "int8" });
    expect((await loadIndex(folder)).index.size).toBe(0);
  });
  test("replaces the index that was there and leaves nothing behind", async () => {
    await saveIndex(folder, indexOf(set));
    const smaller = indexOf(madeUpEmbeddings({ count: 2, pathCount: 1, dimensions: 3 }, 9));
    await saveIndex(folder, smaller);
    expect((await loadIndex(folder)).index.embeddings).toEqual(smaller.embeddings);
    expect(await readdir(folder)).toHaveLength(2);
  });
  test("can be empty", async () => {
    await saveIndex(folder, new VectorIndex({ pathCount: 2, dimensions: 4 }));
    expect((await loadIndex(folder)).index.size).toBe(0);
  });
  test("says what is wrong with it", async () => {
    await expect(loadIndex(join(folder, "none"))).rejects.toThrow(/index\.json: there is no such file/);
    await writeFile(join(folder, "index.json"), JSON.stringify({ format: "polyvec-index", version: 2 }));
    await expect(loadIndex(folder)).rejects.toMatchObject({ code: "data" });
    await saveIndex(folder, indexOf(set));
    const other = await mkdtemp(join(tmpdir(), "polyvec-index-"));
    await saveIndex(other, indexOf(madeUpEmbeddings({ count: 5, pathCount: 3, dimensions: 5 }, 8)));
    const vectors = (await readdir(other)).find((name) => name.endsWith(".safetensors")) as string;
    const description = JSON.parse(await readFile(join(folder, "index.json"), "utf8")) as object;
    await writeFile(join(other, "index.json"), JSON.stringify({ ...description, vectors }));
    await expect(loadIndex(other)).rejects.toThrow(/shape \[5, 5\], expected \[5, 4\]/);
    await rm(other, { recursive: true });
  });
});
