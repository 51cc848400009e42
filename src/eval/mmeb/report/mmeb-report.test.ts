import { expect, test } from "vitest";
import { madeUpResult } from "../../../../test/fixtures/mmeb/made-up-result.ts";
import { MMEB_DATASETS } from "../../../data/mmeb/datasets.ts";
import { renderMmebReport } from "./mmeb-html.ts";
import { mmebMarkdown } from "./mmeb-markdown.ts";
import { buildMmebReport, type MmebReport } from "./mmeb-report.ts";

function report(names: readonly string[], paths = ["1100", "1010"]): MmebReport {
  const results = names.map((name) => madeUpResult(name, paths));
  return buildMmebReport({ name: "<tiny>", results, createdAt: new Date(0), embeddingFlops: { single: 1e9, all: 2e9 }, bootstrap: { resamples: 50 } }); // prettier-ignore
}
const ALL = MMEB_DATASETS.map(({ name }) => name);

test("missing datasets, subsets and what was left out are told first", () => {
  const result = madeUpResult("GQA", ["1100"]);
  const conditions = { ...result.conditions, subset: 4 };
  const omitted = { ...result.omitted, missingRows: 2 };
  const { notices, absent, groupSizes } = buildMmebReport({
    name: "x",
    results: [{ ...result, conditions, omitted }],
    createdAt: new Date(0),
  });
  expect(absent).toHaveLength(35);
  expect(notices).toHaveLength(3);
  expect(notices[0]).toMatch(/^Only 1 of MMEB's 36 datasets.*cannot be set against published ones/);
  expect(notices[2]).toContain("GQA 2 rows");
  expect(groupSizes).toEqual({ CLS: 10, VQA: 10, RET: 12, VG: 4, IND: 20, OOD: 16, all: 36 });
  expect(report(ALL).notices).toEqual([]);
});

test("results without failure cases, as earlier versions kept them, are named", () => {
  const [old, current] = [madeUpResult("GQA", ["1100"]), { ...madeUpResult("CIRR", ["1100"]), cases: [] }];
  const cases = { tasks: [{ task: "CIRR", cases: [] }], pictures: {}, leftOut: 0, unreadable: 0 };
  const { notices } = buildMmebReport({ name: "x", results: [old, current], createdAt: new Date(0), cases });
  expect(notices.at(-1)).toBe("No failure cases are shown of GQA: their results are of an earlier version.");
});

test("the Markdown sets the published rows beside the model's views", () => {
  const text = mmebMarkdown(report(ALL));
  expect(text).toMatch(/\*\*path 1\*\* \| 50\.0 ±/);
  expect(text).toContain("| VLM2Vec, Qwen2-VL 2B | 59.0 | 49.4 | 65.4 | 73.4 | 66.0 | 52.6 | 60.1 |");
  expect(mmebMarkdown(report(["GQA"]))).toContain("VQA (1 of 10)");
});

test("the page has radar, heat map and scores against computation, and escapes names", async () => {
  const page = await renderMmebReport(report(ALL));
  for (const what of ["Radar of P@1 by meta-task", "Heat map of precision at 1 by path and dataset", "Scores against computation"]) {
    expect(page).toContain(what);
  }
  expect(page).toContain("&lt;tiny&gt; on MMEB");
  expect(page).not.toContain("<tiny>");
});

test("the page of a model of one vector that lacks a meta-task has neither radar nor heat map", async () => {
  const page = await renderMmebReport(report(["GQA"], ["11"]));
  expect(page).not.toContain("Radar of");
  expect(page).not.toContain("Heat map");
});
