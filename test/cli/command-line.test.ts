import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");
const ENDLESS = join(import.meta.dirname, "endless-command.ts");

function start(script: string, ...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ["--import", "tsx", script, ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

async function ended(child: ChildProcess): Promise<{ code: number | null; out: string; err: string }> {
  let out = "";
  let err = "";
  child.stdout?.on("data", (text: Buffer) => (out += text.toString()));
  child.stderr?.on("data", (text: Buffer) => (err += text.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, err };
}

describe("polyvec", () => {
  it("shows its help", async () => {
    const { code, out, err } = await ended(start(MAIN, "--help"));
    expect(out).toMatch(/reproduce.*train.*eval.*embed.*search.*inspect/s);
    expect([code, err]).toEqual([0, ""]);
  });

  it("suggests the command that was meant", async () => {
    const result = await ended(start(MAIN, "serach", "happy cat"));
    expect(result).toEqual({ code: 2, out: "", err: "error (usage): unknown command 'serach' (Did you mean search?)\n" });
  });

  it("tells bad usage as JSON with --json", async () => {
    const { code, err } = await ended(start(MAIN, "search", "happy cat", "--json", "--no-such-option"));
    expect(JSON.parse(err)).toMatchObject({ error: { code: "usage", message: "unknown option '--no-such-option'" } });
    expect(code).toBe(2);
  });
});

describe("a running command", () => {
  it("stops quietly when the reader of its output goes away", async () => {
    const child = start(ENDLESS, "count");
    child.stdout?.once("data", () => child.stdout?.destroy());
    const { code, err } = await ended(child);
    expect([code, err]).toEqual([0, ""]);
  });

  it("stops at Ctrl-C, says so, and ends with 130", async () => {
    const child = start(ENDLESS, "count", "--slowly");
    child.stdout?.once("data", () => child.kill("SIGINT"));
    const { code, err } = await ended(child);
    expect(err).toBe("stopping after this step; press Ctrl-C again to stop at once\nerror (aborted): stopped by Ctrl-C\n");
    expect(code).toBe(130);
  });
});
