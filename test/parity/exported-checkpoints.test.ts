import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runPolyvec } from "../support/run-polyvec.ts";

/** The checkpoints that transformers saved: see tools/reference/make_checkpoint_fixtures.py. */
const KINDS = ["qwen2-vl", "llava-next-mistral", "llava-next-llama", "qwen3-vl", "idefics3", "smolvlm"] as const;
/** Least cosine to float32. Weights are random and layers a few dozen wide, where rounding is at its worst. */
const LEAST_COSINE = { f16: 0.99999, int8: 0.99, int4: 0.9 } as const;

let root = "";
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), "polyvec-exported-"))));
afterAll(() => rm(root, { recursive: true, force: true }));

async function run(command: string, ...args: readonly string[]): Promise<string> {
  const { code, out, err } = await runPolyvec(command, ...args);
  expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
  return out;
}

/** Texts, and one and several pictures of many sizes, one after another: bytes of an input depend a little on what it is batched with. */
async function embed(folder: string, lines: string): Promise<number[][]> {
  const out = await run("embed", "--model", folder, "--input", join(lines, "in.jsonl"), "--paths", "none", "--batch-size", "1");
  return out
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { aggregate: number[] }).aggregate);
}

const cosine = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);

test.each(KINDS)("%s: exported, it embeds in halves, bytes and 4-bit numbers as in float32", async (kind) => {
  const folder = `test/fixtures/checkpoints/${kind}`;
  const exact = await embed(folder, folder);
  for (const [dtype, least] of Object.entries(LEAST_COSINE)) {
    const exported = join(root, `${kind}-${dtype}`);
    await run("export", folder, "--dtype", dtype, "--out", exported);
    const rounded = await embed(exported, folder);
    const worst = Math.min(...exact.map((vector, at) => cosine(vector, rounded[at] ?? [])));
    expect(worst, `${dtype}: the least cosine`).toBeGreaterThan(least);
  }
});
