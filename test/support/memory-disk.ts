import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";

/** Arguments of `sh` that run a script where what it mounts is seen by nobody else; the first argument after them is the script, its own follow. */
export const IN_NAMESPACE = ["-c", 'exec unshare -rm sh -c "$0" "$@"'] as const;

/** Whether a process may mount a memory disk in a namespace of its own. */
export function canMount(): boolean {
  try {
    execFileSync("sh", [...IN_NAMESPACE, 'mount -t tmpfs -o size=64k tmpfs "$0"', tmpdir()], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
