import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, rm, stat, truncate, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { madeUpCheckpoint } from "../../../test/fixtures/checkpoint/made-up-checkpoint.ts";
import { canMount, IN_NAMESPACE } from "../../../test/support/memory-disk.ts";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { floatTensor, type Tensor } from "../../engine/tensor/tensor.ts";
import { FileError } from "../../errors/families.ts";
import { RandomStream } from "../../random/random-stream.ts";
import { folderName, PARTS, stepOfFolder, type Checkpoint } from "./checkpoint.ts";
import { findCheckpoints } from "./checkpoint-folder.ts";
import { loadLatestCheckpoint } from "./load-checkpoint.ts";
import { saveCheckpoint } from "./save-checkpoint.ts";

let root = "";
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), "polyvec-checkpoint-"))));
afterAll(() => rm(root, { recursive: true, force: true }));

/** A new folder that holds checkpoints of the given steps. */
async function folderWith(...steps: readonly number[]): Promise<string> {
  const folder = await mkdtemp(join(root, "run-"));
  for (const step of steps) await saveCheckpoint(folder, madeUpCheckpoint(step), { keep: 100 });
  return folder;
}

async function latest(folder: string): Promise<Checkpoint | undefined> {
  const { checkpoint } = await loadLatestCheckpoint(folder);
  if (checkpoint === undefined) return undefined;
  const { folder: _, ...content } = checkpoint;
  return content;
}

describe("saving and loading", () => {
  test("a checkpoint comes back bit by bit, denormals, -0, infinities and NaN included", async () => {
    const folder = await folderWith(7);
    const odd = floatTensor([5], [1e-45, -0, Number.POSITIVE_INFINITY, Number.NaN, 0.1]);
    const checkpoint: Checkpoint = { ...madeUpCheckpoint(8), estimator: new Map([["odd", odd]]) };
    await saveCheckpoint(folder, checkpoint, { keep: 2 });
    const found = await latest(folder);
    expect(found).toEqual(checkpoint);
    const bits = (value: Checkpoint | undefined): Buffer => bytesOf(value?.estimator.get("odd"));
    expect(bits(found)).toEqual(bits(checkpoint));
  });

  test("the state of a loss scale comes back too, and its loss is seen", async () => {
    const folder = await folderWith(7);
    const scaler = new Map<string, Tensor>([["scale", floatTensor([1], [0.1])]]);
    await saveCheckpoint(folder, { ...madeUpCheckpoint(8), scaler }, { keep: 2 });
    expect(await latest(folder)).toEqual({ ...madeUpCheckpoint(8), scaler });
    await unlink(join(folder, "step-000008", "scaler.safetensors"));
    expect((await latest(folder))?.step).toBe(7);
  });

  test("a folder that is not there, or empty, holds none", async () => {
    expect(await loadLatestCheckpoint(join(root, "nowhere"))).toEqual({ checkpoint: undefined, warnings: [] });
    expect(await loadLatestCheckpoint(await folderWith())).toEqual({ checkpoint: undefined, warnings: [] });
  });

  test("the newest is by number, not by name", async () => {
    const folder = await folderWith(999_999, 1_000_000);
    expect((await latest(folder))?.step).toBe(1_000_000);
    expect([folderName(12), stepOfFolder("step-000012"), stepOfFolder("step-12"), stepOfFolder(".step-000012.x.partial")]).toEqual([
      "step-000012",
      12,
      undefined,
      undefined,
    ]);
  });

  test("only the newest stay, and files of others are left alone", async () => {
    const folder = await folderWith(1, 2, 3);
    await writeFile(join(folder, "notes.txt"), "mine");
    const { removed } = await saveCheckpoint(folder, madeUpCheckpoint(4), { keep: 2 });
    expect(removed.map((place) => place.slice(-4))).toEqual(["0002", "0001"]);
    expect((await readdir(folder)).sort()).toEqual(["notes.txt", "step-000003", "step-000004"]);
  });

  test("a damaged one does not count among those kept", async () => {
    const folder = await folderWith(1, 2, 3);
    await unlink(join(folder, "step-000003", "weights.safetensors"));
    await saveCheckpoint(folder, madeUpCheckpoint(4), { keep: 2 });
    expect((await findCheckpoints(folder)).whole.map(({ step }) => step)).toEqual([4, 2]);
  });

  test("of the same step: a whole one stays, a damaged one is replaced", async () => {
    const folder = await folderWith(5);
    await saveCheckpoint(folder, { ...madeUpCheckpoint(5), position: { metrics: 1 } }, { keep: 2 });
    expect((await latest(folder))?.position).toEqual({ metrics: 500 });
    await unlink(join(folder, "step-000005", "checkpoint.json"));
    await saveCheckpoint(folder, madeUpCheckpoint(5), { keep: 2 });
    expect(await loadLatestCheckpoint(folder)).toMatchObject({ checkpoint: madeUpCheckpoint(5), warnings: [] });
  });

  test("what an earlier process left half done is cleared away", async () => {
    const folder = await folderWith(1);
    await cp(join(folder, "step-000001"), join(folder, ".step-000002.0a-1b.partial"), { recursive: true });
    expect((await latest(folder))?.step).toBe(1);
    await saveCheckpoint(folder, madeUpCheckpoint(3), { keep: 2 });
    expect((await readdir(folder)).sort()).toEqual(["step-000001", "step-000003"]);
  });
});

describe("a damaged newest checkpoint is stepped over with a warning", () => {
  const damage: Record<string, (folder: string) => Promise<void>> = {
    "truncated weights": async (folder) => truncate(join(folder, "weights.safetensors"), 500),
    "weights cut to nothing": async (folder) => truncate(join(folder, "weights.safetensors"), 0),
    "optimizer missing": async (folder) => unlink(join(folder, "optimizer.safetensors")),
    "manifest missing": async (folder) => unlink(join(folder, "checkpoint.json")),
    "manifest truncated": async (folder) => truncate(join(folder, "checkpoint.json"), 20),
    "a header overwritten, its length kept": async (folder) => {
      const file = join(folder, "estimator.safetensors");
      await writeFile(file, Buffer.alloc((await stat(file)).size, 0xff));
    },
    "an empty folder": async (folder) => {
      await rm(folder, { recursive: true });
      await mkdir(folder);
    },
    "a file in its place": async (folder) => {
      await rm(folder, { recursive: true });
      await writeFile(folder, "");
    },
  };
  test.each(Object.keys(damage))("%s", async (name) => {
    const folder = await folderWith(1, 2);
    await damage[name]?.(join(folder, "step-000002"));
    const { checkpoint, warnings } = await loadLatestCheckpoint(folder);
    expect(checkpoint).toMatchObject(madeUpCheckpoint(1));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ step: 2, folder: join(folder, "step-000002") });
    expect(warnings[0]?.message).toContain(join(folder, "step-000002"));
  });

  test("all of them damaged: none, with a warning each, newest first", async () => {
    const folder = await folderWith(1, 2);
    for (const step of [1, 2]) await unlink(join(folder, folderName(step), "weights.safetensors"));
    const { checkpoint, warnings } = await loadLatestCheckpoint(folder);
    expect(checkpoint).toBeUndefined();
    expect(warnings.map(({ step }) => step)).toEqual([2, 1]);
  });
});

const child = (script: string, ...args: readonly string[]): readonly string[] => [
  "--import",
  "tsx",
  join("test/fixtures/checkpoint", script),
  ...args,
];

/** Values per checkpoint: some milliseconds of writing. */
const SIZE = 1_000_000;

/** Waits until the next checkpoint is half written. */
async function seeHalfWritten(folder: string): Promise<void> {
  while (!(await readdir(folder)).some((name) => name.endsWith(".partial"))) await sleep(1);
}

function bytesOf(tensor: Tensor | undefined): Buffer {
  return tensor === undefined ? Buffer.alloc(0) : Buffer.from(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
}

test("killed in the middle of writing, again and again, it always leaves the last whole one", { timeout: 60_000 }, async () => {
  const folder = await folderWith();
  const random = new RandomStream("kill");
  let [reported, interrupted] = [0, 0];
  for (let round = 0; round < 5; round++) {
    const script = child("write-checkpoints.ts", folder, String(reported + 1), String(SIZE));
    const writer = spawn(process.execPath, script, { stdio: ["ignore", "pipe", "inherit"] });
    const closed = once(writer, "close");
    for await (const line of createInterface({ input: writer.stdout })) {
      reported = Number(line);
      if (writer.killed) continue;
      await seeHalfWritten(folder);
      await sleep(random.integer(10));
      writer.kill("SIGKILL");
    }
    await closed;
    interrupted += (await readdir(folder)).filter((name) => name.endsWith(".partial")).length;
    const { checkpoint, warnings } = await loadLatestCheckpoint(folder);
    expect(warnings).toEqual([]);
    expect(checkpoint?.step).toBeGreaterThanOrEqual(reported);
    const expected = madeUpCheckpoint(checkpoint?.step ?? 0, SIZE);
    for (const part of PARTS) {
      expect([...(checkpoint?.[part].keys() ?? [])].sort()).toEqual([...expected[part].keys()].sort());
      for (const [name, tensor] of expected[part]) expect(bytesOf(checkpoint?.[part].get(name)).equals(bytesOf(tensor)), name).toBe(true);
    }
    reported = checkpoint?.step ?? 0;
  }
  expect(interrupted).toBeGreaterThan(0);
  await saveCheckpoint(folder, madeUpCheckpoint(reported + 1), { keep: 1 });
  expect(await readdir(folder)).toEqual([folderName(reported + 1)]);
});

describe("a full disk", () => {
  test("is an error that names the checkpoint and the way out; what was there stays, nothing else does", async () => {
    const folder = await folderWith(1, 2);
    const full = { dtype: "float32", shape: [4], data: fullDisk() } as const;
    const checkpoint: Checkpoint = { ...madeUpCheckpoint(3), optimizer: new Map([["moment", full]]) };
    const error = await thrownBy(() => saveCheckpoint(folder, checkpoint, { keep: 1 }));
    expect(error).toBeInstanceOf(FileError);
    expect((error as FileError).details).toMatchObject({ errno: "ENOSPC" });
    expect((error as FileError).message).toMatch(/disk is full; free some space/);
    expect((await readdir(folder)).sort()).toEqual(["step-000001", "step-000002"]);
    expect(await latest(folder)).toEqual(madeUpCheckpoint(2));
  });

  test.runIf(canMount())("a real one: a memory disk of 1 MB", { timeout: 60_000 }, async () => {
    const folder = await folderWith();
    const mount = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"';
    const command = [...IN_NAMESPACE, mount, folder, process.execPath, ...child("write-checkpoints.ts", folder, "1", "20000")];
    const writer = spawn("sh", command, { stdio: ["ignore", "pipe", "inherit"] });
    const lines: string[] = [];
    const closed = once(writer, "close");
    for await (const line of createInterface({ input: writer.stdout })) lines.push(line);
    expect((await closed)[0]).toBe(3);
    const steps = lines.slice(0, -1).map(Number);
    expect(steps.length).toBeGreaterThan(2);
    const found = JSON.parse(lines.at(-1) ?? "") as Record<string, unknown>;
    expect(found["error"]).toMatchObject({ code: "file", details: { errno: "ENOSPC" } });
    expect(found).toMatchObject({ step: steps.at(-1), warnings: [], names: steps.map(folderName) });
  });
});

/** Values whose bytes cannot be had for want of space: the writer fails when their turn comes. */
function fullDisk(): Float32Array {
  return new Proxy(new Float32Array(4), {
    get(target, key) {
      if (key === "buffer") throw Object.assign(new RangeError("no space left on device"), { code: "ENOSPC" });
      return Reflect.get(target, key, target) as unknown;
    },
  });
}
