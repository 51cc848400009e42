import { describe, expect, test } from "vitest";
import { chosenTask, NUMBERED, type Choices, type ChosenTask } from "../../../test/fixtures/eval/chosen-task.ts";
import { scoreTask } from "../scoring.ts";
import { buildExplanation } from "./build-explanation.ts";
import { ExplainCollector } from "./explain-collector.ts";
import { parseExplanation } from "./explanation-schema.ts";
import type { Explanation } from "./explanation.ts";

/** Explains made-up tasks through the real scoring. */
function explain(tasks: readonly ChosenTask[]): Explanation {
  const collector = new ExplainCollector<ChosenTask>(() => NUMBERED);
  for (const task of tasks) {
    const watcher = collector.watch(task, task.embeddings);
    scoreTask(task, task.embeddings, { onRow: (row, scores) => watcher.onRow(row, scores) });
    watcher.finish?.();
  }
  return buildExplanation({
    name: "made-up",
    title: "made up",
    createdAt: new Date(0),
    tasks: collector.tasks,
    cases: { tasks: collector.tasks.map(({ cases }) => cases), pictures: {}, leftOut: 0, unreadable: 0 },
    bootstrap: { resamples: 400 },
  });
}

const times = (count: number, choices: Choices): Choices[] => Array.from({ length: count }, () => choices);

/** By paths 0, 1, 2, and the aggregate: each kind of query, as often as its number says. */
const EVERY_KIND = [
  ...times(4, [0, 0, 0, 0]), // all paths
  ...times(3, [0, 0, 1, 0]), // several
  ...times(2, [0, 1, 1, 1]), // only path 0, lost
  ...times(1, [1, 1, 0, 0]), // only path 2, which the aggregate follows
  ...times(5, [1, 2, 3, 3]), // none, all different
  ...times(1, [1, 1, 1, 0]), // none, rescued by the aggregate
];

describe("of queries whose answers are known", () => {
  const explanation = explain([chosenTask("every kind", EVERY_KIND)]);
  const [task] = explanation.tasks;

  test("every query is in its class, and what the aggregate makes of them is counted", () => {
    const classes = task?.summary.classes.map(({ class: name, queries, aggregateRight }) => [name, queries, aggregateRight]);
    expect(classes).toEqual([
      ["all paths", 4, 4],
      ["several paths", 3, 3],
      ["only path 0", 2, 0],
      ["only path 1", 0, 0],
      ["only path 2", 1, 1],
      ["no path", 6, 1],
    ]);
    expect([task?.summary.rescued.queries, task?.summary.lost.queries]).toEqual([1, 2]);
    expect(task?.summary.classes.reduce((sum, { value }) => sum + value, 0)).toBeCloseTo(1, 12);
  });

  test("ranks and first candidates of every view are kept for each query", () => {
    expect(explanation.views).toEqual(["aggregate", "path 0", "path 1", "path 2", "all", "maxSim"]);
    const [first, , , , several] = task?.queries ?? [];
    expect(first?.ranks).toEqual([1, 1, 1, 1, 1, 1]);
    // path 2 puts candidate 1 first: the right one is in a tie with two more behind it
    expect(several?.ranks).toEqual([1, 1, 1, 4, 1, 1]);
    expect(several?.tops.map(([top]) => top?.[0])).toEqual([0, 0, 0, 1, 0, 0]);
    expect(task?.candidateNames).toMatchObject({ 0: "candidate 0", 3: "candidate 3" });
  });

  test("agreement counts the same first candidate, and right answers in common", () => {
    const { sameFirst, rightTogether } = explanation.agreement ?? {};
    // paths 0 and 1: all 4, several 3, only path 2 1, rescued 1, of 16
    expect(sameFirst?.[0]?.[1]).toBeCloseTo(9 / 16, 12);
    // the aggregate stands last: beside path 0 all 4, several 3
    expect(sameFirst?.[3]?.[0]).toBeCloseTo(7 / 16, 12);
    // path 0 answers 9, path 1 answers 7 of them
    expect(rightTogether?.[0]?.[1]).toBeCloseTo(7 / 9, 12);
  });

  test("the gap to the best path, and how much of it is closed", () => {
    const gap = task?.summary.gap;
    expect(gap?.meanPath.value).toBeCloseTo((9 + 7 + 5) / 3 / 16, 12);
    expect(gap?.oracle.value).toBeCloseTo(10 / 16, 12);
    expect(gap?.closed.aggregate?.value).toBeCloseTo((9 / 16 - 7 / 16) / (10 / 16 - 7 / 16), 12);
  });

  test("is a file that can be read again", () => {
    expect(parseExplanation(JSON.parse(JSON.stringify(explanation)), "explain.json")).toEqual(explanation);
    expect(() => parseExplanation({ ...explanation, views: ["path x"] }, "explain.json")).toThrow(
      /explain\.json is not an explanation.*views/s,
    );
  });
});

describe("what a path prefers", () => {
  const half = chosenTask("half", [...times(20, [0, 1, 1]), ...times(20, [1, 0, 1])], { family: "one", labels: [...Array.from({ length: 20 }, () => "cats"), ...Array.from({ length: 20 }, () => "dogs")] }); // prettier-ignore
  const first = chosenTask("first", [...times(26, [0, 1, 0]), ...times(4, [1, 0, 1])], { family: "two" });
  const few = chosenTask("few", times(8, [0, 1, 0]), { family: "two" });
  const { preferences, findings } = explain([half, first, few]);
  const of = (kind: string, name: string, path: number) =>
    preferences.find((each) => each.kind === kind && each.name === name && each.path === path);

  test("is told by task, family and label, with which way and how surely", () => {
    expect(of("task", "half", 0)?.difference.value).toBe(0);
    expect(of("task", "half", 0)?.p).toBeGreaterThan(0.5);
    expect(of("task", "first", 0)).toMatchObject({ precision: 26 / 30, others: 4 / 30, queries: 30 });
    expect(of("task", "first", 0)?.difference.value).toBeCloseTo(22 / 30, 12);
    expect(of("task", "first", 0)?.p).toBeLessThan(0.01);
    expect(of("task", "first", 1)?.difference.value).toBeCloseTo(-22 / 30, 12);
    expect(of("label", "cats", 0)?.difference.value).toBe(1);
    expect(of("label", "dogs", 1)?.p).toBeLessThan(0.01);
    expect(of("family", "two", 0)?.queries).toBe(38);
    expect(findings.join("\n")).toContain("Path 0 is better than the mean of the others on the task first: +73.3 points");
  });

  test("is not told of groups of few queries, nor of families of one task", () => {
    expect(preferences.some(({ name }) => name === "few" || name === "one")).toBe(false);
  });
});

test("of one path it is said that nothing agrees or differs", () => {
  const explanation = explain([chosenTask("one", [...times(3, [0, 0]), ...times(1, [1, 1])])]);
  expect(explanation.views).toEqual(["aggregate"]);
  expect(explanation.notices[0]).toMatch(/^made-up has one path, so there are no paths that agree or disagree/);
  expect([explanation.agreement, explanation.preferences, explanation.tasks[0]?.weights, explanation.means.gap]).toEqual([null, [], null, null]); // prettier-ignore
  expect(explanation.means.classes.map(({ class: name, queries }) => [name, queries])).toEqual([["all paths", 3], ["no path", 1]]); // prettier-ignore
  expect(explanation.cases.tasks[0]?.cases).toHaveLength(1);
});

test("no task is an error", () => {
  expect(() => explain([])).toThrow(/made-up was scored on no task/);
});
