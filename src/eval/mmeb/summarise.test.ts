import { expect, test } from "vitest";
import { madeUpResult } from "../../../test/fixtures/mmeb/made-up-result.ts";
import { DataError } from "../../errors/families.ts";
import type { MmebGroup } from "./groups.ts";
import { summariseResults, viewsOf } from "./summarise.ts";

test("means are over datasets, unweighted, by meta-task, distribution and all", () => {
  const results = [
    madeUpResult("ImageNet-1K", ["1100"]), // CLS IND 0.5
    madeUpResult("ImageNet-A", ["10000000"]), // CLS OOD 0.125
    madeUpResult("GQA", ["1"]), // VQA OOD 1
    madeUpResult("MSCOCO", ["00"]), // VG IND 0
  ];
  const [summary] = summariseResults(results, { resamples: 50 });
  const value = (group: MmebGroup): number | undefined => summary?.groups[group]?.value;
  expect(summary?.datasets.map((dataset) => dataset.value)).toEqual([0.5, 0.125, 1, 0]);
  expect([value("CLS"), value("VQA"), value("VG"), value("IND"), value("OOD"), value("all")]).toEqual([
    0.3125, 1, 0, 0.25, 0.5625, 0.40625,
  ]);
  expect(summary?.groups.RET).toBeNull();
  expect(summary?.groups.OOD?.datasets).toBe(2);
});

test("every view of a model of paths is scored; a model of one vector has one", () => {
  expect(viewsOf(1)).toEqual(["aggregate"]);
  const summaries = summariseResults([madeUpResult("GQA", ["1000", "0110"])], { resamples: 20 });
  expect(summaries.map(({ view, groups }) => [view, groups.all?.value])).toEqual([
    ["aggregate", 0.25],
    ["path 0", 0.25],
    ["path 1", 0.5],
    ["all", 0.25],
    ["maxSim", 0.25],
    ["oracle", 0.75],
  ]);
});

test("results of different models are not put together", () => {
  expect(() => summariseResults([madeUpResult("GQA", ["1"]), madeUpResult("CIRR", ["1", "0"])])).toThrow(DataError);
});
