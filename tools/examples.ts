import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");

/** Runs every program in `examples/` against the built package. @returns the names of those that failed. */
function runExamples(): string[] {
  const names = readdirSync(join(ROOT, "examples")).filter((name) => name.endsWith(".ts"));
  return names.filter((name) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", join("examples", name)], {
      cwd: ROOT,
      encoding: "utf8",
    });
    console.log(`${status === 0 ? "ok  " : "FAIL"} ${name}`);
    if (status !== 0) console.log(`${stdout}${stderr}`);
    return status !== 0;
  });
}

if (runExamples().length > 0) process.exitCode = 1;
