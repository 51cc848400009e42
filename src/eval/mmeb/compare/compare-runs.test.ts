import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { madeUpResult } from "../../../../test/fixtures/mmeb/made-up-result.ts";
import { DataError } from "../../../errors/families.ts";
import { writeDatasetResult, type DatasetResult } from "../dataset-result.ts";
import { compareRuns } from "./compare-runs.ts";
import { comparisonMarkdown } from "./comparison-tables.ts";
import { readScoredRun, type ScoredRun } from "./read-run.ts";

const run = (name: string, ...results: readonly DatasetResult[]): ScoredRun => ({
  folder: name,
  name,
  view: "aggregate",
  results: new Map(results.map((result) => [result.dataset, result])),
});
const options = { createdAt: new Date(0), resamples: 500 };
const many = (pattern: string): string => pattern.repeat(50);

test("differences are paired: the same queries won and lost", () => {
  const left = run("left", madeUpResult("GQA", [many("1100")]), madeUpResult("CIRR", [many("1000")]));
  const right = run("right", madeUpResult("GQA", [many("1010")]), madeUpResult("CIRR", [many("1110")]));
  const { runs, notices } = compareRuns([left, right], options);
  const [gqa, cirr] = [
    runs[0]?.datasets.find(({ dataset }) => dataset === "GQA"),
    runs[0]?.datasets.find(({ dataset }) => dataset === "CIRR"),
  ];
  expect(gqa).toMatchObject({ queries: 200, reference: 0.5, score: 0.5, won: 50, lost: 50, difference: { value: 0 } });
  expect(gqa?.difference.low).toBeLessThan(0);
  expect(gqa?.difference.p).toBeGreaterThan(0.3);
  expect(cirr).toMatchObject({ reference: 0.25, score: 0.75, won: 100, lost: 0, difference: { value: 0.5, p: 2 / 500 } });
  expect(cirr?.difference.low).toBeGreaterThan(0.4);
  expect(runs[0]?.groups.all).toMatchObject({ reference: 0.375, score: 0.625, difference: { value: 0.25 } });
  expect(runs[0]?.groups.CLS).toBeNull();
  expect(notices).toEqual(["Only the 2 of MMEB's 36 datasets that all runs have are compared."]);
});

test("a run beside itself has no difference, whatever is resampled", () => {
  const same = run("same", madeUpResult("GQA", [many("10")]));
  expect(compareRuns([same, same], options).runs[0]?.groups.all?.difference).toEqual({ value: 0, low: 0, high: 0, p: 1 });
});

test("only what all runs have is compared, and it is said", () => {
  const left = run("left", madeUpResult("GQA", ["1100"], [0, 1, 2, 3]), madeUpResult("CIRR", ["1"]));
  const right = run("right", madeUpResult("GQA", ["011"], [1, 2, 7]));
  const { runs, notices } = compareRuns([left, right], options);
  expect(runs[0]?.datasets).toMatchObject([{ dataset: "GQA", queries: 2, reference: 0.5, score: 0.5, won: 1, lost: 1 }]);
  expect(notices.join()).toContain("Only the rows that all runs have are compared in GQA");
});

test("one run, or runs with nothing in common, cannot be compared", () => {
  const left = run("left", madeUpResult("GQA", ["1"]));
  expect(() => compareRuns([left], options)).toThrow(DataError);
  expect(() => compareRuns([left, run("right", madeUpResult("CIRR", ["1"]))], options)).toThrow("no dataset");
});

test("runs are read from their folders, with a view; the Markdown has every dataset", async () => {
  const folder = await mkdtemp(join(tmpdir(), "polyvec-compare-"));
  try {
    await writeDatasetResult(folder, madeUpResult("GQA", ["1000", "0111"]));
    const [aggregate, path] = [await readScoredRun(folder), await readScoredRun(`${folder}@path-1`)];
    expect([aggregate.view, path.view]).toEqual(["aggregate", "path 1"]);
    expect(comparisonMarkdown(compareRuns([aggregate, path], options))).toContain("| GQA | 4 | 25.0 | 75.0 |");
    await expect(readScoredRun(`${folder}@maxsimm`)).rejects.toThrow("did you mean maxSim?");
    await expect(readScoredRun(join(folder, "no"))).rejects.toThrow("no results of MMEB");
  } finally {
    await rm(folder, { recursive: true });
  }
});
