import { readFileSync } from "node:fs";

/** Bytes of memory that a process holds. */
export interface ProcessMemory {
  /** Resident at the highest point so far. Pages of files that are mapped count as long as they are in memory. */
  readonly peak: number;
  /** Resident now: of its own, and of files. */
  readonly own: number;
  readonly mapped: number;
}

/** The memory of this process. Where the operating system is not Linux, only the peak is known. */
export function processMemory(): ProcessMemory {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    const bytes = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? Number.NaN) * 1024;
    return { peak: bytes("VmHWM"), own: bytes("RssAnon"), mapped: bytes("RssFile") };
  } catch {
    return { peak: process.resourceUsage().maxRSS * 1024, own: Number.NaN, mapped: Number.NaN };
  }
}
