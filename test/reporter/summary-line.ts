/** How a test run ended, in numbers of tests. */
export interface Outcomes {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What is read of a test file that was run: vitest's `TestModule` fits. */
export interface ReportedModule {
  readonly children: { allTests(): Iterable<{ result(): { readonly state: string } }> };
  ok(): boolean;
}

/** The closing line: `3 passed, 1 failed`, with `, 2 skipped` when any were. */
export function summaryLine({ passed, failed, skipped }: Outcomes): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/**
 * Counts tests by outcome. What stops tests from running counts as failed too, so that the line never looks better than
 * the run was: a file or hook that failed outside of any test, an error that no test caught, an interruption.
 */
export function countOutcomes(modules: readonly ReportedModule[], unhandledErrors: number, interrupted: boolean): Outcomes {
  let passed = 0;
  let failed = unhandledErrors + (interrupted ? 1 : 0);
  let skipped = 0;
  for (const module of modules) {
    const states = [...module.children.allTests()].map((test) => test.result().state);
    const failedHere = states.filter((state) => state === "failed").length;
    passed += states.filter((state) => state === "passed").length;
    skipped += states.filter((state) => state !== "passed" && state !== "failed").length;
    failed += failedHere === 0 && !module.ok() ? 1 : failedHere;
  }
  return { passed, failed, skipped };
}
