import { DefaultReporter, type SerializedError, type TestModule, type TestRunEndReason } from "vitest/node";
import { countOutcomes, summaryLine } from "./summary-line.ts";

/** Vitest's own reporter, closed by one plain line that any program can read: `N passed, N failed[, N skipped]`. */
export class SummaryReporter extends DefaultReporter {
  override onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[], reason: TestRunEndReason): void {
    super.onTestRunEnd(modules, unhandled, reason);
    const counts = countOutcomes(modules, unhandled.length, reason === "interrupted");
    console.log(summaryLine(counts));
  }
}
