import { cp, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tinyModel } from "../../test/support/tiny-model.ts";
import { writeJsonAtomic } from "../files/atomic-write.ts";
import { openModelFolder } from "../model/folder/open-model-folder.ts";
import { saveModelFolder } from "../model/folder/save-model-folder.ts";
import { openSafetensors, writeSafetensors } from "../model/formats/safetensors.ts";
import type { WeightsDType } from "../model/formats/safetensors-layout.ts";
import { isPathParameter } from "../model/paths/path-config.ts";
import { Embedder } from "./embedder.ts";
import { embeddingModelOf } from "./load-model.ts";

const INPUTS = [{ text: "a happy cat" }, { image: { width: 16, height: 8, data: new Uint8Array(16 * 8 * 3).fill(90) }, text: "a dog" }];

let root = "";
let base = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-in-place-"));
  base = join(root, "float32");
  await saveModelFolder(base, tinyModel());
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** The model with its weights rounded to a dtype, and stored in that or another one. */
async function stored(name: string, rounded: WeightsDType, dtype: WeightsDType = rounded, shards = 1): Promise<string> {
  const folder = join(root, name);
  await cp(base, folder, { recursive: true });
  const file = join(folder, "model.safetensors");
  for (const type of [rounded, dtype]) {
    await using old = await openSafetensors(file);
    const tensors = await Promise.all(old.names.map(async (tensor) => [tensor, await old.read(tensor)] as const));
    await writeSafetensors(file, new Map(tensors), { dtype: type });
  }
  if (shards > 1) await split(folder, shards);
  return folder;
}

async function split(folder: string, count: number): Promise<void> {
  const file = join(folder, "model.safetensors");
  await using whole = await openSafetensors(file);
  const shardOf = (at: number): string => `model-0000${(at % count) + 1}-of-0000${count}.safetensors`;
  for (let shard = 0; shard < count; shard++) {
    const names = whole.names.filter((_, at) => at % count === shard);
    const tensors = await Promise.all(names.map(async (name) => [name, await whole.read(name)] as const));
    await writeSafetensors(join(folder, shardOf(shard)), new Map(tensors), { dtype: "bfloat16" });
  }
  const index = { metadata: {}, weight_map: Object.fromEntries(whole.names.map((name, at) => [name, shardOf(at)])) };
  await writeJsonAtomic(join(folder, "model.safetensors.index.json"), index);
  await rm(file);
}

/** Embeds with a model whose backbone weights must not be read: a graph has to take them from their files. */
async function embed(folder: string): Promise<{ readonly vectors: number[]; readonly read: string[] }> {
  const model = embeddingModelOf(await openModelFolder(folder));
  const read: string[] = [];
  const readWeight = (name: string): ReturnType<typeof model.readWeight> => {
    if (!isPathParameter(name)) read.push(name);
    return model.readWeight(name);
  };
  await using embedder = new Embedder({ ...model, readWeight }, { threads: 1 });
  const set = await embedder.embedSet(INPUTS);
  return { vectors: [...set.paths], read };
}

async function sizes(folder: string): Promise<Record<string, number>> {
  return Object.fromEntries(
    await Promise.all((await readdir(folder)).map(async (name) => [name, (await stat(join(folder, name))).size] as const)),
  );
}

describe("weights are used where they lie: none is read, nothing is written", () => {
  test.each([
    ["float32", "float32", 1],
    ["float16", "float16", 1],
    ["bfloat16", "bfloat16", 1],
    ["bfloat16 in three shards", "bfloat16", 3],
  ] as const)("%s", async (name, dtype, shards) => {
    const folder = name === "float32" ? base : await stored(name.replaceAll(" ", "-"), dtype, dtype, shards);
    const exact = name === "float32" ? base : await stored(`${name} as float32`, dtype, "float32");
    const before = await sizes(folder);
    const got = await embed(folder);
    expect(got.read).toEqual([]);
    const expected = await embed(exact);
    expect(Math.max(...got.vectors.map((value, at) => Math.abs(value - (expected.vectors[at] as number))))).toBeLessThan(1e-6);
    expect(await sizes(folder)).toEqual(before);
  });
});
