import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ModelEvaluation } from "../evaluate.ts";
import { buildSweepReport, type SweepCellInput, type SweepInput } from "./build-sweep.ts";
import { parseSweepReport, readSweepReport, type SweepReport } from "./sweep-report.ts";
import { failureTable, sweepMarkdown, sweepTable } from "./sweep-tables.ts";
import { writeSweep } from "./write-sweep.ts";

/** An evaluation in which the first so many of 100 queries are answered, in every view. */
function answered(right: number, pathCount = 1): ModelEvaluation {
  const list = Uint8Array.from({ length: 100 }, (_, query) => Number(query < right));
  const hits = { aggregate: list, paths: Array.from({ length: pathCount }, () => list), all: list, maxSim: list, oracle: list };
  const task = { name: "x", family: "x", concepts: "unseen", vendor: "noto", candidates: 10, chance: 0.1, hits } as const;
  return { pathCount, tasks: [task], diversity: null };
}

/** A cell by the answers of each seed, "failed" for those that failed. */
function cell(id: string, count: number, ...rights: readonly (number | "failed")[]): SweepCellInput {
  return {
    id,
    label: `count=${count}`,
    settings: { "model.paths.count": count },
    aliases: [],
    runs: rights.map((right, seed) => {
      const place = { seed, folder: `cells/${id}/seed-${seed}` };
      if (right === "failed") return { ...place, failure: "step 3: the loss is not finite" };
      return { ...place, outcome: { validation: answered(right, count) }, trainingSeconds: 10 * count };
    }),
    cost: { trainingFlops: 1e12 * count, trainableParameters: 1000, embeddingMs: { single: 1, aggregate: count, all: count } },
  };
}

function sweepOf(cells: readonly SweepCellInput[], more: Partial<SweepInput> = {}): SweepReport {
  return buildSweepReport({
    title: "Sweep of paths",
    createdAt: new Date("2026-01-02T03:04:05Z"),
    view: "aggregate",
    fields: ["model.paths.count"],
    seeds: [0, 1],
    baseline: "a",
    cells,
    bootstrap: { resamples: 500 },
    ...more,
  });
}

describe("a sweep's report", () => {
  test("has means and spreads over seeds, differences from the baseline and the best, by hand", () => {
    const { cells, best } = sweepOf([cell("a", 1, 40, 50), cell("b", 2, 60, 80), cell("c", 4, 55, 65)]);
    expect(cells.map(({ validation }) => validation?.aggregate.value.toFixed(6))).toEqual(["0.450000", "0.700000", "0.600000"]);
    expect(cells[1]?.validation?.aggregate.standardDeviation).toBeCloseTo(Math.sqrt(0.02), 12);
    expect(cells.map(({ difference }) => difference?.value.toFixed(6))).toEqual([undefined, "0.250000", "0.150000"]);
    const low = cells[1]?.difference?.low ?? 0;
    expect(low).toBeGreaterThan(0);
    expect(best).toBe("b");
    expect(cells[1]?.cost).toMatchObject({ trainingSeconds: 20, trainingFlops: 2e12 });
  });

  test("compares a cell that lost a seed on the seeds that are left, shows it, and does not choose it", () => {
    const report = sweepOf([cell("a", 1, 40, 60), cell("b", 2, "failed", 90), cell("c", 4, "failed", "failed"), cell("d", 8, 50, 60)]);
    const [, half, none] = report.cells;
    expect([half?.status, none?.status]).toEqual(["partial", "failed"]);
    expect(half?.difference?.value).toBeCloseTo(0.3, 12); // 90 against 60, not against the mean of 40 and 60
    expect([none?.validation, none?.difference, none?.cost.trainingSeconds]).toEqual([null, null, null]);
    expect(report.best).toBe("d");
    expect(failureTable(report)?.rows.map(({ cells }) => cells)).toEqual([
      ["count=2", "0", "step 3: the loss is not finite"],
      ["count=4", "0", "step 3: the loss is not finite"],
      ["count=4", "1", "step 3: the loss is not finite"],
    ]);
    expect(report.notices.join(" ")).toContain("2 of 4 cells did not finish");
  });

  test("chooses by validation, whatever the test says", () => {
    const tested = (input: SweepCellInput, right: number): SweepCellInput => ({
      ...input,
      runs: input.runs.map((run) => ({ ...run, ...(run.outcome && { outcome: { ...run.outcome, test: answered(right) } }) })),
    });
    const report = sweepOf([tested(cell("a", 1, 40, 40), 99), tested(cell("b", 1, 50, 50), 1)]);
    expect(report.best).toBe("b");
    expect(report.cells.map(({ test: scores }) => scores?.aggregate.value)).toEqual([0.99, 0.01]);
    expect(sweepTable(report).head).toContain("test, aggregate");
    expect(sweepTable(sweepOf([cell("a", 1, 1, 2)])).head.join()).not.toContain("test");
  });

  test("names a field that is not right", () => {
    const wrong = { ...sweepOf([cell("a", 1, 40, 40)]), view: "oracle" };
    expect(() => parseSweepReport(wrong, "sweep.json")).toThrow(/sweep\.json is not a sweep.*view/s);
  });
});

describe("the written sweep", () => {
  let folder = "";
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "polyvec-sweep-report-"))));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("is read back as it was, draws fields and costs, and loads nothing", async () => {
    const report = sweepOf([cell("a", 1, 40, 50), cell("b", 2, 60, 80), cell("c", 4, 55, "failed")]);
    const files = await writeSweep(folder, report);
    expect(await readSweepReport(files.json)).toEqual(report);
    const page = await readFile(files.html, "utf8");
    for (const title of ["P@1 by model.paths.count", "P@1 against training, seconds", "P@1 against embedding, ms per input"])
      expect(page).toContain(title);
    expect(page.match(/<svg[^>]*role="img"/g)).toHaveLength(4);
    expect(page).not.toMatch(/<script|<link|src="http/);
    const text = sweepMarkdown(report);
    expect(text).toContain("| **count=2 (best)** | 70.0 ±14.1 |");
    expect(text).toContain("## Failures");
  });
});
