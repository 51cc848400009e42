import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { canMount, IN_NAMESPACE } from "../../../test/support/memory-disk.ts";
import { runPolyvecJson } from "../../../test/support/run-polyvec.ts";
import { tinyModel } from "../../../test/support/tiny-model.ts";
import { saveTinyBase } from "../../../test/support/training/tiny-run.ts";
import { saveModelFolder } from "../../model/folder/save-model-folder.ts";

vi.setConfig({ testTimeout: 120_000 });

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

let root = "";
let model = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-full-"));
  model = join(root, "model");
  await saveModelFolder(model, tinyModel());
  await saveTinyBase(root);
});
afterAll(() => rm(root, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly error: { readonly code: string; readonly message: string; readonly details: Readonly<Record<string, unknown>> };
  /** What the disk held at the end. */
  readonly kept: string;
}

/** Runs a command line whose folder `disk` is a memory disk of so many kB. */
async function onDisk(kilobytes: number, disk: string, ...args: readonly string[]): Promise<Ended> {
  const kept = await mkdtemp(join(root, "kept-"));
  await mkdir(disk, { recursive: true });
  // what the disk holds is copied out of the namespace, where alone it can be seen
  const script = `mount -t tmpfs -o size=${kilobytes}k tmpfs "$0" && kept="$1"; shift; "$@"; code=$?; cp -r "$0/." "$kept"; exit $code`;
  const command = [...IN_NAMESPACE, script, disk, kept, process.execPath, "--import", "tsx", MAIN, ...args, "--json"];
  const env = { ...process.env, POLYVEC_CACHE: join(disk, "cache") };
  const child = spawn("sh", command, { stdio: ["ignore", "ignore", "pipe"], env });
  let err = "";
  child.stderr.on("data", (text: Buffer) => (err += text.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, kept, ...(JSON.parse(err) as Pick<Ended, "error">) };
}

const FULL = { code: "file", details: { errno: "ENOSPC" }, message: expect.stringMatching(/the disk is full; free some space/) as unknown };

describe.runIf(canMount())("on a full disk", () => {
  test.each(["jsonl", "parquet"])("polyvec embed names its %s, and does well with more room", async (format) => {
    const args = await embedMany(format);
    const { code, error } = await onDisk(64, dirname(args.at(-1) as string), ...args);
    expect(code).toBe(1);
    expect(error).toMatchObject(FULL);
    expect(String(error.details["file"])).toContain(`out.${format}`);
    expect((await runPolyvecJson(...args)).code).toBe(0);
  });

  test("polyvec embed keeps the lines that were whole, and of Parquet nothing, as half of it cannot be read", async () => {
    const [lines, parquet] = [await embedMany("jsonl"), await embedMany("parquet")];
    const { kept } = await onDisk(64, dirname(lines.at(-1) as string), ...lines);
    expect(await readdir(kept)).toEqual(["out.jsonl.partial"]);
    const whole = (await readFile(join(kept, "out.jsonl.partial"), "utf8")).split("\n").slice(0, -1); // the last is cut off
    const ids = whole.map((line) => (JSON.parse(line) as { id: string }).id);
    expect(ids.length).toBeGreaterThan(10);
    expect(ids).toEqual(ids.map((_, index) => `row ${index}`));
    const without = await onDisk(64, dirname(parquet.at(-1) as string), ...parquet);
    expect(await readdir(without.kept)).toEqual([]);
  });

  /** A command line that embeds more than a small disk holds; its last argument is the output, in a folder of its own. */
  async function embedMany(format: string): Promise<string[]> {
    const rows = Array.from({ length: 400 }, (_, index) => JSON.stringify({ id: `row ${index}`, text: "a cat" }));
    const input = join(root, "in.jsonl");
    await writeFile(input, rows.join("\n"));
    return ["embed", "--model", model, "--input", input, "--output", join(await mkdtemp(join(root, "disk-")), `out.${format}`)];
  }

  test("polyvec search names the cache", async () => {
    const pictures = join(root, "pictures");
    await mkdir(pictures);
    for (let shade = 0; shade < 120; shade++) {
      const picture = sharp({ create: { width: 8, height: 8, channels: 3, background: { r: 2 * shade, g: 0, b: 0 } } });
      await picture.png().toFile(join(pictures, `${shade}.png`));
    }
    const { code, error } = await onDisk(32, join(root, "cache-disk"), "search", "a cat", "--model", model, "--in", pictures);
    expect(code).toBe(1);
    expect(error).toMatchObject(FULL);
    expect(String(error.details["file"])).toContain(join(root, "cache-disk", "cache"));
  });

  test("polyvec train that has no room for its model keeps the last checkpoint; with room it only stores the model", async () => {
    const words = ["a happy cat", "a sad dog", "a red apple", "cats and dogs"];
    const rows = words.map((text) => JSON.stringify({ query: { text }, positive: { text: `${text} again` } }));
    await writeFile(join(root, "examples.jsonl"), rows.join("\n"));
    const recipe = join(root, "recipe.json");
    const data = { kind: "examples", file: "examples.jsonl", batchSize: 4 };
    const optimizer = { learningRate: 1e-3 };
    await writeFile(recipe, JSON.stringify({ name: "r", model: { base: "base" }, data, optimizer, steps: 2 }));
    const train = (out: string): string[] => ["train", recipe, "--out", out, "--threads", "1"];
    const whole = join(root, "whole");
    expect((await runPolyvecJson(...train(whole))).code).toBe(0);
    const room = (await bytesIn(join(whole, "checkpoints"))) + 0.5 * (await bytesIn(join(whole, "model")));

    const disk = join(root, "run-disk");
    const { code, error, kept } = await onDisk(Math.ceil(room / 1024) + 24, disk, ...train(disk));
    expect(code).toBe(1);
    expect(error).toMatchObject(FULL);
    expect(error.message).toContain("The run goes on from its last checkpoint with: polyvec train");
    expect((await readdir(kept)).filter((name) => name.includes("model"))).toEqual([]);
    await cp(kept, disk, { recursive: true });
    const { values } = await runPolyvecJson(...train(disk), "--resume");
    expect(values.map((value) => (value as { type: string }).type)).toEqual(["begin", "end"]);
    expect(await readFile(join(disk, "model", "model.safetensors"))).toEqual(await readFile(join(whole, "model", "model.safetensors")));
  });
});

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true });
  const sizes = await Promise.all(entries.map(async (name) => stat(join(folder, name))));
  return sizes.reduce((sum, place) => sum + (place.isFile() ? place.size : 0), 0);
}
