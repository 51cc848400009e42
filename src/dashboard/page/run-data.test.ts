import { describe, expect, test } from "vitest";
import { align, linesOf } from "./chart-data.ts";
import { CHARTS, otherCharts } from "./chart-list.ts";
import { flattenStep } from "./flatten-row.ts";
import { readOverview } from "./overview.ts";
import { RunData } from "./run-data.ts";

const step = (number: number, fields: object = {}) => ({
  type: "step",
  step: number,
  kind: "contrastive",
  task: "text-to-image",
  loss: 8 / number,
  precision: 0.25,
  inputs: 8,
  seconds: 2,
  ...fields,
});
const diversity = { cka: null, rankCorrelation: 0.5, closest: { first: 0, second: 1, rankCorrelation: 0.75 }, verdict: "distinct" };
const several = { aggregateLoss: 3, pathLosses: [1, 2], regulariser: 0.5, regulariserWeight: 0.1, diversity };

/** A run with these rows. */
function runOf(...rows: readonly Readonly<Record<string, unknown>>[]): RunData {
  const data = new RunData();
  data.take({ run: 0, generation: 0, from: 0, rows });
  return data;
}

describe("a step's numbers by name", () => {
  test("those of paths, of what keeps them apart, and of the task", () => {
    expect(Object.fromEntries(flattenStep(step(2, several)).values)).toEqual({
      loss: 4,
      precision: 0.25,
      seconds: 2,
      aggregateLoss: 3,
      "pathLosses.0": 1,
      "pathLosses.1": 2,
      regulariser: 0.5,
      regulariserWeight: 0.1,
      regulariserTerm: 0.05,
      "diversity.rankCorrelation": 0.5,
      "diversity.closest.rankCorrelation": 0.75,
      "taskLosses.text-to-image": 4,
      "taskPrecisions.text-to-image": 0.25,
    });
  });

  test("language modelling has names of its own", () => {
    const { values } = flattenStep(step(1, { kind: "language", task: "caption" }));
    expect(Object.fromEntries(values)).toEqual({ "language.loss": 8, "language.precision": 0.25, seconds: 2 });
  });
});

describe("a run's rows", () => {
  test("are columns with gaps; validation, warnings and changes stand apart", () => {
    const data = runOf(
      step(1),
      step(2, several),
      { type: "evaluation", step: 2, scores: { aggregate: 0.5, "path 0": 0.25 }, seconds: 6 },
      { type: "warning", step: 2, kind: "paths-collapsed", message: "alike" },
      { type: "change", step: 2, changes: [{ field: "steps", from: 1, to: 2 }] },
      { type: "later", step: 2 },
      step(3),
    );
    expect(data.steps.steps).toEqual([1, 2, 3]);
    expect(data.steps.column("pathLosses.1")).toEqual([null, 2, null]);
    expect(data.steps.hours.map((hours) => hours * 3600)).toEqual([2, 4, 12]);
    expect([data.evaluations.steps, data.evaluations.column("validation.path 0")]).toEqual([[2], [0.25]]);
    expect(data.notes.map(({ text }) => text)).toEqual(["alike", "steps from 1 to 2"]);
    expect([data.count, data.seconds, data.evaluationSeconds, data.latestStep]).toEqual([7, 12, 6, 3]);
  });

  test("that are taken back are gone from everywhere, and others take their place", () => {
    const data = runOf(step(1), step(2, several), { type: "evaluation", step: 2, scores: { aggregate: 0.5 }, seconds: 6 }, step(3));
    data.take({ run: 0, generation: 1, from: 1, rows: [step(2, { loss: 7 }), step(3)] });
    expect([data.steps.steps, data.steps.column("loss")]).toEqual([[1, 2, 3], [8, 7, 8 / 3]]); // prettier-ignore
    expect([data.steps.names.includes("pathLosses.0"), data.evaluations.length, data.seconds, data.generation]).toEqual([false, 0, 6, 1]);
  });
});

describe("charts", () => {
  const names = new Set(runOf(step(1, { ...several, temperature: 0.07, pathPrecisions: [0, 1] })).steps.names);

  test("show every number once, and those that no chart knows in charts of their own", () => {
    const shown = [...CHARTS, ...otherCharts(names)].flatMap(({ lines }) => lines(names).map(({ column }) => column));
    expect(new Set(shown).size).toBe(shown.length);
    expect(otherCharts(names).map(({ title }) => title)).toEqual([
      "temperature",
      "taskLosses.text-to-image",
      "taskPrecisions.text-to-image",
    ]);
  });

  test("name paths from 1, alike in all charts", () => {
    const kind = CHARTS.find(({ id }) => id === "precision");
    expect(kind?.lines(names).map(({ label, color }) => [label, color])).toEqual([["aggregate", 1], ["path 1", 2], ["path 2", 3]]); // prettier-ignore
    const validation = CHARTS.find(({ id }) => id === "validation")?.lines(
      new Set(["validation.aggregate", "validation.all", "validation.path 1"]),
    );
    expect(validation?.map(({ label, color }) => [label, color])).toEqual([["aggregate", 1], ["all paths", 0], ["path 2", 3]]); // prettier-ignore
  });

  test("lay runs over each other, colours as runs and dashes as curves", () => {
    const [loss] = CHARTS;
    const runs = [
      { name: "a", place: 0, data: runOf(step(1, several), step(2, several)) },
      { name: "b", place: 1, data: runOf(step(2), step(3)) },
    ];
    const lines = loss === undefined ? [] : linesOf(loss, runs, { settings: { smoothing: 0, axis: "steps" }, isCompared: true });
    expect(lines.map(({ key, label, color, dash }) => [key, label, color, dash])).toEqual([
      ["loss/loss", "a: total", 0, 0],
      ["loss/aggregateLoss", "a: aggregate", 0, 1],
      ["loss/regulariserTerm", "a: between paths, weighted", 0, 2],
      ["loss/loss", "b: total", 1, 0],
    ]);
    expect(align(lines.filter(({ key }) => key === "loss/loss"))).toEqual({ x: [1, 2, 3], ys: [[8, 4, undefined], [undefined, 4, 8 / 3]] }); // prettier-ignore
  });
});

test("how a run stands", () => {
  const data = runOf(step(1), step(2, several), { type: "evaluation", step: 2, scores: { aggregate: 0.5 }, seconds: 6 }, step(3));
  data.facts = { run: 0, name: "r", state: "running", message: null, steps: 10, recipe: { evaluateEverySteps: 4 }, writtenAt: 1000 };
  const overview = readOverview(data, 3000);
  expect([overview.stateText, overview.stateNote, overview.done]).toEqual(["running", "", 0.3]);
  expect(Object.fromEntries(overview.cards.map(({ label, value, note }) => [label, `${value} | ${note}`]))).toEqual({
    Step: "3 | of 10, 30.0 % done",
    "Time left": "30 s | 12 s trained", // 7 steps of 2 s, 3 evaluations of 6 s, 2 s gone
    Loss: "4.89 | mean of the last 3 steps",
    "P@1 in the batch": "25.0 % | mean of the last 3 steps",
    "P@1 on validation": "50.0 % | aggregate; best 50.0 % at step 2",
    "Rank correlation of paths": "0.5 | closest two 0.75; above 0.98 is a collapse",
  });
  const skipping = runOf(step(1, { lossScale: 1024, skippedSteps: 0 }), step(2, { loss: null, lossScale: 512, skippedSteps: 1 }));
  const card = readOverview(skipping, 0).cards.find(({ label }) => label === "Skipped steps");
  expect([card?.value, card?.note]).toEqual(["1", "gradients overflowed; loss scale 512"]);
  expect(readOverview(data, 100_000).stateNote).toBe("nothing logged for 1 min 39 s: it may be evaluating, or hang");
  data.facts = { ...data.facts, state: "failed", message: "step 4: the loss is NaN" };
  expect(readOverview(data, 3000)).toMatchObject({ stateText: "failed", stateNote: "step 4: the loss is NaN" });
});
