import { expect, test } from "vitest";
import { RunRows } from "./run-rows.ts";

const step = (number: number, loss = 1 / number): string => JSON.stringify({ type: "step", step: number, loss });
const all = (rows: RunRows): unknown[] => rows.slice(0, rows.count).map((row): unknown => JSON.parse(row));

test("rows are added; what is no row is left out and counted", () => {
  const rows = new RunRows();
  expect(rows.take({ lines: [step(1), "{", '{"type":"step"}', "", "[1]"], isNew: true })).toBe(true);
  expect(rows.take({ lines: [step(2)], isNew: false })).toBe(true);
  expect(rows.take({ lines: [], isNew: false })).toBe(false);
  expect(all(rows)).toEqual([
    { type: "step", step: 1, loss: 1 },
    { type: "step", step: 2, loss: 0.5 },
  ]);
  expect([rows.unreadable, rows.generation]).toEqual([3, 0]);
});

test("a log that was cut and goes on otherwise takes back what is no more, and only that", () => {
  const rows = new RunRows();
  rows.take({ lines: [1, 2, 3, 4].map((number) => step(number)), isNew: true });
  expect(rows.take({ lines: [step(1), step(2), step(3, 9)], isNew: true })).toBe(true);
  expect([rows.count, rows.generation]).toEqual([3, 1]);
  expect(rows.stillValid(0, 4)).toBe(2);
  expect(rows.stillValid(0, 1)).toBe(1);
  expect(rows.stillValid(1, 3)).toBe(3);
  expect(rows.take({ lines: [step(1)], isNew: true })).toBe(true);
  expect([rows.stillValid(0, 4), rows.stillValid(1, 3), rows.stillValid(2, 1)]).toEqual([1, 1, 1]);
});

test("a file that is another with the same rows changes nothing, and with more of them takes nothing back", () => {
  const rows = new RunRows();
  rows.take({ lines: [step(1)], isNew: true });
  expect(rows.take({ lines: [step(1)], isNew: true })).toBe(false);
  expect(rows.take({ lines: [step(1), step(2)], isNew: true })).toBe(true);
  expect([rows.count, rows.generation]).toEqual([2, 0]);
});

test("the estimator's reading of every pair stays behind; what a later version logs comes along", () => {
  const rows = new RunRows();
  const estimator = { value: 0.1, likelihoodGain: 0.2, negativeLogLikelihood: 0.3, pairs: [[1, 2, 3]] };
  rows.take({ lines: [JSON.stringify({ type: "step", step: 1, estimator, lossScale: 1024 }), '{"type":"later","step":1}'], isNew: true });
  expect(all(rows)).toEqual([
    { type: "step", step: 1, estimator: { value: 0.1, likelihoodGain: 0.2, negativeLogLikelihood: 0.3 }, lossScale: 1024 },
    { type: "later", step: 1 },
  ]);
});
