import { readFile } from "node:fs/promises";
import { kill } from "node:process";

/**
 * When a process began, in the system's own words: with its number it names the process also after a restart, when numbers are given anew.
 * @returns null where the system does not tell (all but Linux).
 */
export async function processStart(pid: number): Promise<string | null> {
  try {
    const [status, boot] = await Promise.all([readFile(`/proc/${pid}/stat`, "utf8"), readFile("/proc/sys/kernel/random/boot_id", "utf8")]);
    const ticks = status.slice(status.lastIndexOf(")") + 2).split(" ")[19]; // field 22; the name before may hold spaces
    return ticks === undefined ? null : `${boot.trim()}/${ticks}`;
  } catch {
    return null;
  }
}

/** Whether a process of this number runs that began at `start` (if that is known). */
export async function isSameProcess(pid: number, start: string | null): Promise<boolean> {
  if (!isRunning(pid)) return false;
  const now = await processStart(pid);
  return start === null || now === null || start === now;
}

function isRunning(pid: number): boolean {
  try {
    return kill(pid, 0); // signal 0 asks and does nothing
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // there, but somebody else's
  }
}
