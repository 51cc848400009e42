import { readFileSync, writeFileSync } from "node:fs";
import { platform } from "node:process";

/** What a piece of work added to the process's memory. */
export interface PeakMemory<T> {
  readonly result: T;
  /** Bytes of resident memory at the highest point, above those at the start. */
  readonly peakBytes: number;
}

/**
 * Measures how much resident memory some work takes at its highest point, ONNX Runtime's buffers included. Memory that an earlier
 * run left to the process hides part of it: measure one thing per process where numbers are to be exact. Where the operating system cannot forget its high-water mark (all but Linux) only growth beyond every earlier peak is seen.
 */
export async function measurePeakMemory<T>(work: () => Promise<T>): Promise<PeakMemory<T>> {
  resetPeak();
  const before = residentBytes();
  const result = await work();
  return { result, peakBytes: Math.max(0, peakResidentBytes() - before) };
}

/** Bytes of resident memory at the process's highest point so far. */
function peakResidentBytes(): number {
  return statusBytes("VmHWM") ?? process.resourceUsage().maxRSS * 1024;
}

/** Bytes of resident memory now. */
function residentBytes(): number {
  return statusBytes("VmRSS") ?? process.memoryUsage.rss();
}

/** A field of Linux's `/proc/self/status`, given there in KiB. */
function statusBytes(field: string): number | undefined {
  if (platform !== "linux") return undefined;
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(readFileSync("/proc/self/status", "utf8"));
  return found === null ? undefined : Number(found[1]) * 1024;
}

/** @source proc(5): writing 5 to clear_refs resets the peak resident set size. */
function resetPeak(): void {
  if (platform !== "linux") return;
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // A locked-down container: the peak stays that of the whole process.
  }
}
