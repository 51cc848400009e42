import { describe, expect, it } from "vitest";
import { countOutcomes, summaryLine, type ReportedModule } from "./summary-line.ts";

function module(states: readonly string[], ok = !states.includes("failed")): ReportedModule {
  return { children: { allTests: () => states.map((state) => ({ result: () => ({ state }) })) }, ok: () => ok };
}

describe("countOutcomes", () => {
  it("adds up the tests of all files", () => {
    const modules = [module(["passed", "passed", "failed"]), module(["skipped", "passed"])];
    expect(countOutcomes(modules, 0, false)).toEqual({ passed: 3, failed: 1, skipped: 1 });
  });

  it("counts a file that could not be loaded as one failure", () => {
    expect(countOutcomes([module([], false)], 0, false)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  it("counts a failed hook as one failure beside the tests it kept from running", () => {
    expect(countOutcomes([module(["skipped", "pending"], false)], 0, false)).toEqual({ passed: 0, failed: 1, skipped: 2 });
  });

  it("counts unhandled errors and an interruption as failures", () => {
    expect(countOutcomes([module(["passed"])], 2, true)).toEqual({ passed: 1, failed: 3, skipped: 0 });
  });
});

describe("summaryLine", () => {
  it("names skipped tests only when there are some", () => {
    expect(summaryLine({ passed: 3, failed: 0, skipped: 0 })).toBe("3 passed, 0 failed");
    expect(summaryLine({ passed: 3, failed: 1, skipped: 2 })).toBe("3 passed, 1 failed, 2 skipped");
  });
});
