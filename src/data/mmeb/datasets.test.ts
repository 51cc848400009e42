import { expect, test } from "vitest";
import { META_TASKS, MMEB_DATASETS, mmebDataset } from "./datasets.ts";

const count = (holds: (dataset: (typeof MMEB_DATASETS)[number]) => boolean): number => MMEB_DATASETS.filter(holds).length;

test("there are 36 datasets: 20 in distribution, 16 out of it, by meta-task as in the paper", () => {
  expect(new Set(MMEB_DATASETS.map(({ name }) => name)).size).toBe(36);
  expect(count(({ distribution }) => distribution === "IND")).toBe(20);
  const sizes = META_TASKS.map((task) =>
    (["IND", "OOD"] as const).map((group) => count(({ metaTask, distribution }) => metaTask === task && distribution === group)),
  );
  expect(sizes).toEqual([[5, 5], [6, 4], [8, 4], [1, 3]]); // prettier-ignore
});

test("the layouts are as many as the reference's parsers read", () => {
  const layouts = ["image-to-label", "question", "text-to-image", "image-to-image"].map((name) => count(({ layout }) => layout === name));
  expect(layouts).toEqual([12, 10, 6, 8]);
});

test("a dataset is found by its name", () => {
  expect(mmebDataset("RefCOCO-Matching")).toMatchObject({ metaTask: "VG", distribution: "OOD" });
  expect(mmebDataset("refcoco-matching")).toBeUndefined();
});
