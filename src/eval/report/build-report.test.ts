import { describe, expect, test } from "vitest";
import { madeUpModel, madeUpReportInput } from "../../../test/fixtures/eval/made-up-report.ts";
import type { TaskEvaluation } from "../evaluate.ts";
import { buildReport } from "./build-report.ts";
import { comparisonOf, modelOf, resultColumns } from "./find-in-report.ts";
import type { ReportInput, ReportModelInput } from "./report-input.ts";
import { parseReport } from "./report-schema.ts";
import type { Report } from "./report-types.ts";
import { summarise } from "./summary.ts";
import { thinCurve } from "./thin-curve.ts";

/** A task on which every view of the one path gives the same hits: `right` of `queries`. */
function taskOf(name: string, concepts: "seen" | "unseen", [right, queries]: readonly [number, number]): TaskEvaluation {
  const list = Uint8Array.from({ length: queries }, (_, query) => Number(query < right));
  const hits = { aggregate: list, paths: [list], all: list, maxSim: list, oracle: list };
  return { name, family: name, concepts, vendor: "noto", candidates: 10, chance: 0.1, hits };
}

function singlePathModel(id: string, role: ReportModelInput["role"], ...seeds: (readonly TaskEvaluation[])[]): ReportModelInput {
  return {
    id,
    name: id.toUpperCase(),
    role,
    runs: seeds.map((tasks, seed) => ({ seed, evaluation: { pathCount: 1, tasks, diversity: null } })),
  };
}

function reportOf(models: readonly ReportModelInput[], more: Partial<ReportInput> = {}): Report {
  const createdAt = new Date("2026-01-02T03:04:05Z");
  return buildReport({ title: "test", createdAt, models, reference: "a", main: "b", bootstrap: { resamples: 1000 }, ...more });
}

const madeUp = buildReport(madeUpReportInput());

describe("buildReport", () => {
  test("averages over tasks and seeds, by hand", () => {
    const first = [taskOf("x", "seen", [50, 100]), taskOf("y", "unseen", [10, 50])]; // 0.5 and 0.2
    const second = [taskOf("x", "seen", [70, 100]), taskOf("y", "unseen", [20, 50])]; // 0.7 and 0.4
    const report = reportOf([singlePathModel("a", "baseline", first, second), singlePathModel("b", "main", second, second)]);
    const { means, tasks } = modelOf(report, "a").scores.aggregate;
    expect(tasks.map(({ value }) => value.toFixed(12))).toEqual(["0.600000000000", "0.300000000000"]);
    expect(means.all.perSeed.map((value) => value.toFixed(12))).toEqual(["0.350000000000", "0.550000000000"]);
    expect(means.all.value).toBeCloseTo(0.45, 12);
    expect(means.all.standardDeviation).toBeCloseTo(Math.sqrt(0.02), 12);
    expect([means.seen?.value, means.unseen?.value].map((value) => value?.toFixed(12))).toEqual(["0.600000000000", "0.300000000000"]);
    expect(comparisonOf(report, { model: "b", view: "aggregate" })?.means.all.value).toBeCloseTo(0.1, 12);
  });
  test("says of a group without tasks that there is none", () => {
    const tasks = [taskOf("x", "seen", [5, 10])];
    const report = reportOf([singlePathModel("a", "baseline", tasks), singlePathModel("b", "main", tasks)]);
    expect(modelOf(report, "a").scores.aggregate.means.unseen).toBeNull();
    expect(report.comparisons[0]?.means.unseen).toBeNull();
  });
  test("pairs models query by query: the same answers differ by exactly nothing", () => {
    const tasks = [taskOf("x", "seen", [50, 100])];
    const report = reportOf([singlePathModel("a", "baseline", tasks), singlePathModel("b", "main", tasks)]);
    expect(report.comparisons[0]?.means.all).toEqual({ value: 0, low: 0, high: 0 });
  });
  test("compares every view with the reference, and all paths with the yardstick", () => {
    const report = madeUp;
    expect(comparisonOf(report, { model: "pdf", view: "single" })).toBeDefined();
    expect(comparisonOf(report, { model: "pdf", view: "all" }, { model: "sum", view: "all" })).toBeDefined();
    expect(comparisonOf(report, { model: "sum", view: "single" })).toBeUndefined();
    expect(resultColumns(report).map(({ label }) => label)).toEqual(["SSC", "PDF single", "PDF aggregate", "PDF all"]);
    expect(modelOf(report, "pdf").paths).toHaveLength(4);
    expect(report.tasks[0]?.baselines.map(({ name }) => name)).toEqual(["chance", "raw pixels"]);
  });
  test("is the same for the same input", () => {
    expect(buildReport(madeUpReportInput())).toEqual(madeUp);
  });
  test("scores `single` by the path a run names", () => {
    const model = madeUpModel({
      id: "b",
      name: "B",
      role: "main",
      pathCount: 3,
      seeds: [0],
      aggregate: 0,
      single: 0,
      all: 0,
      alike: 0.8,
      cost: {},
    });
    const run = { ...(model.runs[0] as (typeof model.runs)[number]), singlePath: 2 };
    const baseline = { ...model, id: "a" };
    const report = reportOf([baseline, { ...model, runs: [run] }]);
    expect(modelOf(report, "b").scores.single.tasks).toEqual(modelOf(report, "b").paths[2]?.tasks);
    expect(() => reportOf([baseline, { ...model, runs: [{ ...run, singlePath: 3 }] }])).toThrow(/single path 3 is none of the model's 3/);
  });
  test("refuses models that do not belong together", () => {
    const tasks = [taskOf("x", "seen", [5, 10])];
    const a = singlePathModel("a", "baseline", tasks);
    expect(() => reportOf([a, singlePathModel("b", "main", [taskOf("x", "seen", [5, 11])])])).toThrow(
      /model b, seed 0.*x \(11\).*x \(10\)/,
    );
    expect(() => reportOf([a])).toThrow(/main model "b" is none of a/);
    expect(() => reportOf([a, a])).toThrow(/same id/);
    expect(() => reportOf([a, { ...a, id: "b", runs: [] }])).toThrow(/no runs/);
  });
});

describe("report.json", () => {
  test("comes back as it was, through JSON", () => {
    const report = madeUp;
    expect(parseReport(JSON.parse(JSON.stringify(report)), "report.json")).toEqual(report);
  });
  test("names file and field when it is damaged", () => {
    const report = madeUp;
    expect(() => parseReport({ ...report, version: 2 }, "runs/x/report.json")).toThrow(/runs\/x\/report\.json.*version/s);
    expect(() => parseReport({ ...report, surprise: 1 }, "report.json")).toThrow(/surprise/);
    const remote = report.searches.map((search) => Object.assign({}, search, { image: "https://example.com/a.png" }));
    expect(() => parseReport({ ...report, searches: remote }, "report.json")).toThrow(/data:image\/png/);
  });
});

describe("the summary", () => {
  const against = (right: number): string => {
    const models = [
      singlePathModel("a", "baseline", [taskOf("x", "seen", [200, 400])]),
      singlePathModel("b", "main", [taskOf("x", "seen", [right, 400])]),
    ];
    return summarise(reportOf(models)).join("\n");
  };
  test("says higher, lower, or that no difference was found, by the interval alone", () => {
    expect(against(260)).toMatch(/^B scores higher than A: 65\.0 % against 50\.0 %/);
    expect(against(140)).toMatch(/^B scores lower than A: 35\.0 % against 50\.0 %/);
    expect(against(202)).toMatch(/^No difference was found between B and A: .*covers 0/);
    expect(against(200)).toMatch(/^No difference was found/);
  });
  test("warns of a single seed and of tasks no better than a baseline", () => {
    expect(against(260)).toContain("With one training seed");
    const weak = [taskOf("x", "seen", [11, 100])];
    expect(summarise(reportOf([singlePathModel("a", "baseline", weak), singlePathModel("b", "main", weak)])).join("\n")).toContain(
      "not clearly above the best simple baseline on 1 of 1 task: x",
    );
  });
  test("speaks of spread, yardstick, diversity and cost when they are known", () => {
    const text = summarise(madeUp).join("\n");
    expect(text).toContain("Each was trained with 3 seeds");
    expect(text).toContain("“3 SSC, scores summed”");
    expect(text).toContain("The 4 paths rank candidates differently");
    expect(text).toContain("Training took 1.21 × the time of SSC; embedding an input takes 1.02 × (single path)");
  });
  test("says when paths have collapsed, and how to mend it", () => {
    const input = madeUpReportInput();
    const text = summarise(buildReport({ ...input, main: "small-scale" })).join("\n");
    expect(text).toMatch(/4 paths have collapsed.*Raise the initial scale/);
  });
  test("says when the estimator was dead", () => {
    const input = madeUpReportInput();
    const dead = { vclub: 0, heldOutLogLikelihood: -400, alive: false };
    const models = input.models.map((model) =>
      Object.assign({}, model, { runs: model.runs.map((run) => Object.assign({}, run, { mutualInformation: dead })) }),
    );
    expect(summarise(buildReport({ ...input, models })).join("\n")).toContain("estimator of mutual information was dead in seed 0");
  });
  test("of a report about one model states its score", () => {
    const report = reportOf([singlePathModel("a", "main", [taskOf("x", "seen", [50, 100])])], { main: "a" });
    expect(summarise(report)[0]).toBe("A reaches a precision at 1 of 50.0 % on average over 1 task.");
  });
});

describe("thinCurve", () => {
  const point = (step: number, precision: number | null = null) => ({ step, loss: step, precision, pathPrecisions: null });
  test("averages neighbouring losses and keeps every score", () => {
    const points = [point(1), point(2, 0.5), point(3), point(4), point(5)];
    expect(thinCurve(points, 2)).toEqual([
      { step: 2, loss: null, precision: 0.5, pathPrecisions: null },
      { step: 3, loss: 2, precision: null, pathPrecisions: null },
      { step: 5, loss: 4.5, precision: null, pathPrecisions: null },
    ]);
  });
  test("leaves short curves alone and drops losses that are no numbers", () => {
    expect(thinCurve([{ ...point(1), loss: Number.NaN }, point(2)])).toEqual([{ ...point(1), loss: null }, point(2)]);
    expect(thinCurve([])).toEqual([]);
  });
});
