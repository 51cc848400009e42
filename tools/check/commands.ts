import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Check, Verdict } from "./check.ts";
import type { Repository } from "./repository.ts";

/** A check made of other programs, run one after the other from the root until one fails; all is well when all exit 0. */
export function commands(name: string, ...lines: readonly (readonly string[])[]): Check {
  return { name, run: ({ root }) => runAll(root, lines) };
}

/** The package as users get it: builds it, type-checks the examples against it, packs it and lets publint judge the tarball. */
export const packageCheck: Check = {
  name: "package",
  async run({ root }: Repository): Promise<Verdict> {
    const folder = await mkdtemp(join(tmpdir(), "polyvec-pack-"));
    try {
      const packed = await runAll(root, [
        ["tsc", "-p", "tsconfig.build.json", "--pretty", "false"],
        ["tsc", "-p", "tsconfig.page.json", "--pretty", "false"],
        ["tsc", "-p", "examples/tsconfig.json", "--pretty", "false"],
        ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", folder],
      ]);
      if (packed.problems.length > 0) return packed;
      const [tarball = ""] = await readdir(folder);
      return await runAll(root, [["publint", "run", join(folder, tarball), "--strict"]]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function runAll(root: string, lines: readonly (readonly string[])[]): Promise<Verdict> {
  for (const [program = "", ...args] of lines) {
    const { code, output } = await runOne(root, program, args);
    if (code !== 0) return { problems: [`${[program, ...args].join(" ")} ended with ${code}\n${output.trimEnd()}`] };
  }
  return { problems: [] };
}

async function runOne(root: string, program: string, args: readonly string[]): Promise<{ code: number | string; output: string }> {
  const path = [join(root, "node_modules", ".bin"), process.env["PATH"]].join(delimiter);
  const child = spawn(program, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, PATH: path, NO_COLOR: "1" },
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ code: error.message, output }));
    child.on("close", (code, signal) => resolve({ code: code ?? signal ?? "no exit code", output }));
  });
}
