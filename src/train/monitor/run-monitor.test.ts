import { describe, expect, test } from "vitest";
import type { StepMetrics } from "../step-metrics.ts";
import type { BatchDiversity } from "./batch-diversity.ts";
import { logReading, readingOf, type LoggedReading } from "./logged-reading.ts";
import { RunMonitor } from "./run-monitor.ts";

const DISTINCT: BatchDiversity = {
  centredCosine: 0.2,
  cka: 0.3,
  rankCorrelation: 0.4,
  closest: { first: 0, second: 1, rankCorrelation: 0.4 },
  verdict: "distinct",
};
const COLLAPSED: BatchDiversity = {
  ...DISTINCT,
  rankCorrelation: 0.991,
  closest: { first: 0, second: 1, rankCorrelation: 0.991 },
  verdict: "collapsed",
};

const reading = (gain: number | null, dependence: number): LoggedReading => ({
  value: 1,
  likelihoodGain: 0,
  negativeLogLikelihood: 1.4,
  pairs: [[1, gain as number, dependence], [1, 0.1, dependence]], // prettier-ignore
});

type Seen = Pick<StepMetrics, "step" | "diversity" | "estimator">;

/** Steps from 1, looked at every tenth. */
function steps(count: number, of: Omit<Seen, "step">): Seen[] {
  const { diversity, ...rest } = of;
  return Array.from({ length: count }, (_, index) => ({
    step: index + 1,
    ...rest,
    ...(diversity === undefined || (index + 1) % 10 !== 0 ? {} : { diversity }),
  }));
}

function findings(seen: readonly Seen[]): string[] {
  const monitor = new RunMonitor({ pathCount: 2, estimatorPairs: "unordered" });
  return seen.flatMap((step) => monitor.take(step).map(({ kind }) => `${step.step} ${kind}`));
}

describe("collapse", () => {
  test("is told when it is seen, and again after a hundred steps", () => {
    expect(findings(steps(130, { diversity: COLLAPSED }))).toEqual(["10 paths-collapsed", "110 paths-collapsed"]);
    expect(findings(steps(130, { diversity: DISTINCT }))).toEqual([]);
  });

  test("says what was found, and how to mend it", () => {
    const message = (diversity: BatchDiversity): string =>
      new RunMonitor({ pathCount: 2, estimatorPairs: undefined }).take({ step: 1, diversity })[0]?.message ?? "";
    expect(message(COLLAPSED)).toMatch(
      /^the paths have collapsed: .*0\.991, above 0\.98.*"calibrated" and a lower model\.paths\.targetCosine/,
    );
    const closest = { first: 0, second: 2, rankCorrelation: 0.99 };
    expect(message({ ...DISTINCT, closest, verdict: "partly-collapsed" })).toMatch(/^paths 1 and 3 have collapsed into one/);
    expect(message({ ...DISTINCT, rankCorrelation: null, closest: null, verdict: "collapsed" })).toMatch(/each scores all targets alike/);
  });
});

describe("the estimator", () => {
  test("is dead where it gains nothing on vectors that depend on each other, after it had time to learn", () => {
    const dead = { diversity: DISTINCT, estimator: reading(-0.02, 9) };
    expect(findings(steps(70, dead))).toEqual(["60 estimator-dead"]);
    expect(findings(steps(70, { diversity: DISTINCT, estimator: reading(null, 9) }))).toEqual(["60 estimator-dead"]);
  });

  test("is not where it gains, or where there is nothing to be told", () => {
    expect(findings(steps(70, { diversity: DISTINCT, estimator: reading(0.02, 9) }))).toEqual([]);
    expect(findings(steps(70, { diversity: DISTINCT, estimator: reading(-0.02, 0.1) }))).toEqual([]);
  });
});

test("a monitor that is shown the logged steps again goes on as if it had never stopped", () => {
  const seen = steps(220, { diversity: COLLAPSED, estimator: reading(-0.02, 9) });
  const logged = JSON.parse(JSON.stringify(seen.slice(0, 97))) as Seen[];
  const resumed = new RunMonitor({ pathCount: 2, estimatorPairs: "unordered" });
  for (const step of logged) resumed.take(step);
  const after = seen.slice(97).flatMap((step) => resumed.take(step).map(({ kind }) => `${step.step} ${kind}`));
  const all = findings(seen);
  expect(after.length).toBeGreaterThan(1);
  expect(all.slice(-after.length)).toEqual(after);
  expect(all.length - after.length).toBe(2);
});

test("a reading is logged to five digits, and a number that was none comes back as none", () => {
  const pair = { side: "queries", first: 0, second: 1, value: 1.23456789, likelihoodGain: Number.NaN, dependence: 1e-7 } as const;
  const original = { value: 0.5, likelihoodGain: 0.25, negativeLogLikelihood: 1, pairs: [pair, { ...pair, side: "targets" as const }] };
  const logged = JSON.parse(JSON.stringify(logReading(original))) as LoggedReading;
  expect(logged.pairs[0]).toEqual([1.2346, null, 1e-7]);
  const back = readingOf(logged, { pathCount: 2, pairs: "unordered" });
  expect(back.pairs).toMatchObject([{ side: "queries", first: 0, second: 1, value: 1.2346, dependence: 1e-7 }, { side: "targets" }]);
  expect(back.pairs[0]?.likelihoodGain).toBeNaN();
});
