import { expect, test } from "vitest";
import type { EmbeddingSet } from "../embed/embedding-set.ts";
import { RandomStream } from "../random/random-stream.ts";
import type { RankingRow, RankingTask } from "./ranking-task.ts";
import { FactsCollector } from "./row-facts.ts";
import { scoreTaskByProducts } from "./score-products.ts";
import { scoreTask } from "./scoring.ts";

const D = 33;

/** Random unit vectors; some rows repeat earlier ones, exactly or but for the last digit. */
function randomSet(stream: RandomStream, count: number, pathCount: number): EmbeddingSet {
  const vectors = (): Float32Array => unitRows(stream.normals(count * D));
  const aggregate = vectors();
  const paths = unitRows(stream.normals(count * pathCount * D));
  for (let row = 1; row < count; row++) {
    const kind = stream.integer(4);
    if (kind > 1) continue;
    const other = stream.integer(row);
    aggregate.copyWithin(row * D, other * D, (other + 1) * D);
    paths.copyWithin(row * pathCount * D, other * pathCount * D, (other + 1) * pathCount * D);
    if (kind === 1) aggregate[row * D] = (aggregate[row * D] as number) * (1 + 2 ** -23);
    if (kind === 1) paths[row * pathCount * D] = (paths[row * pathCount * D] as number) * (1 - 2 ** -23);
  }
  return { count, pathCount, dimensions: D, aggregate, paths };
}

function unitRows(values: Float32Array): Float32Array {
  for (let from = 0; from < values.length; from += D) {
    const row = values.subarray(from, from + D);
    const length = Math.hypot(...row);
    row.forEach((value, at) => (row[at] = value / length));
  }
  return values;
}

function randomTask(stream: RandomStream, candidates: number): RankingTask {
  const everyone = Array.from({ length: candidates }, (_, at) => at);
  const rows = Array.from({ length: 80 }, (_, query): RankingRow => {
    const list = query < 40 ? stream.shuffle(everyone) : stream.sample(everyone, 12);
    const positive = stream.integer(list.length);
    const duplicate = (positive + 1) % list.length;
    return { query, candidates: list, positive, ...(query % 5 === 0 && { duplicates: [duplicate] }) };
  });
  return { name: "random", rows };
}

test.each([1, 3])("hits are those of exact scoring, ties and near ties included, with %d paths", async (pathCount) => {
  const stream = new RandomStream("products", pathCount);
  const task = randomTask(stream, 60);
  const candidates = randomSet(stream, 60, pathCount);
  const queries = randomSet(stream, 80, pathCount);
  for (const [row, { candidates: list, positive }] of task.rows.entries()) {
    if (row % 2 === 1) continue; // half of the queries are their right candidate itself
    const own = list[positive] as number;
    queries.aggregate.set(candidates.aggregate.subarray(own * D, (own + 1) * D), row * D);
    const width = pathCount * D;
    queries.paths.set(candidates.paths.subarray(own * width, (own + 1) * width), row * width);
  }
  const exact = scoreTask(task, { queries, candidates });
  const hits = exact.aggregate.reduce((sum, hit) => sum + hit, 0);
  expect(hits).toBeGreaterThan(10);
  expect(hits).toBeLessThan(40); // some of those that would win are in a tie
  expect(await scoreTaskByProducts(task, { queries, candidates }, { threads: 1 })).toEqual(exact);

  const [one, other] = [new FactsCollector(task, pathCount), new FactsCollector(task, pathCount)];
  scoreTask(task, { queries, candidates }, { onRow: (row, scores) => one.onRow(row, scores) });
  const watched = await scoreTaskByProducts(
    task,
    { queries, candidates },
    { threads: 1, onRow: (row, scores) => other.onRow(row, scores) },
  );
  expect(watched).toEqual(exact);
  expect(other.rows.map(({ ranks }) => ranks)).toEqual(one.rows.map(({ ranks }) => ranks));
});

test("equal vectors everywhere are misses, NaN too", async () => {
  const flat = (count: number, value: number): EmbeddingSet => {
    const vectors = new Float32Array(count * D).fill(value);
    return { count, pathCount: 1, dimensions: D, aggregate: vectors, paths: vectors };
  };
  const task = { name: "flat", rows: [{ query: 0, candidates: [0, 1, 2], positive: 0 }] };
  for (const value of [1 / Math.sqrt(D), 0, Number.NaN]) {
    const hits = await scoreTaskByProducts(task, { queries: flat(1, value), candidates: flat(3, value) }, { threads: 1 });
    expect(Array.from(hits.aggregate)).toEqual([0]);
  }
});
