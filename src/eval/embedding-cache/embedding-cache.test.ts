import { createHash } from "node:crypto";
import { appendFile, mkdtemp, open, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Embedding } from "../../embed/embed-options.ts";
import { ShapeError } from "../../errors/families.ts";
import { EmbeddingCache, type CacheIdentity } from "./embedding-cache.ts";

let root = "";
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), "polyvec-cache-"))));
afterEach(() => rm(root, { recursive: true, force: true }));

const IDENTITY: CacheIdentity = { name: "models/tiny", fingerprint: "abc", options: { device: "cpu" } };
const keyOf = (text: string): string => createHash("sha256").update(text).digest("hex");
const embedding = (seed: number): Embedding => ({
  aggregate: Float32Array.of(seed, 1, 2),
  paths: [Float32Array.of(seed, 3, 4), Float32Array.of(seed, 5, 6)],
});

async function fill(count: number): Promise<string> {
  await using cache = await EmbeddingCache.open(root, IDENTITY);
  for (let at = 0; at < count; at++) await cache.put(keyOf(`item ${at}`), embedding(at));
  return cache.folder;
}

async function segmentOf(folder: string): Promise<string> {
  const names = await readdir(folder);
  return join(folder, names.find((name) => name.endsWith(".vectors")) ?? "");
}

test("what was put is there in the next run, to the last digit", async () => {
  await fill(5);
  await using cache = await EmbeddingCache.open(root, IDENTITY);
  expect(cache.shape).toEqual({ pathCount: 2, dimensions: 3 });
  expect(await cache.get(keyOf("item 3"))).toEqual(embedding(3));
  expect(cache.has(keyOf("item 5"))).toBe(false);
  expect(cache.counts).toEqual({ read: 1, written: 0, damaged: 0 });
});

test("other models and other options have caches of their own", async () => {
  await fill(1);
  for (const other of [
    { ...IDENTITY, fingerprint: "abd" },
    { ...IDENTITY, options: { device: "cuda" } },
  ]) {
    await using cache = await EmbeddingCache.open(root, other);
    expect(cache.has(keyOf("item 0"))).toBe(false);
  }
});

test("a record with a wrong byte counts as missing, those beside it do not", async () => {
  const file = await segmentOf(await fill(3));
  const handle = await open(file, "r+");
  const stride = 36 + 4 * 9;
  await handle.write(Buffer.from([255]), 0, 1, stride + 50);
  await handle.close();
  await using cache = await EmbeddingCache.open(root, IDENTITY);
  expect(await cache.get(keyOf("item 1"))).toBeUndefined();
  expect(cache.has(keyOf("item 1"))).toBe(false);
  expect(await cache.get(keyOf("item 0"))).toEqual(embedding(0));
  expect(await cache.get(keyOf("item 2"))).toEqual(embedding(2));
  expect(cache.counts.damaged).toBe(1);
  await cache.put(keyOf("item 1"), embedding(1));
  expect(await cache.get(keyOf("item 1"))).toEqual(embedding(1));
});

test("half a record at the end, as a crash leaves it, is no record", async () => {
  await appendFile(await segmentOf(await fill(2)), Buffer.alloc(20, 7));
  await using cache = await EmbeddingCache.open(root, IDENTITY);
  expect(await cache.get(keyOf("item 1"))).toEqual(embedding(1));
  await cache.put(keyOf("item 9"), embedding(9));
  expect(await cache.get(keyOf("item 9"))).toEqual(embedding(9));
});

test("two runs at a time write beside each other, and the next sees both", async () => {
  {
    await using left = await EmbeddingCache.open(root, IDENTITY);
    await using right = await EmbeddingCache.open(root, IDENTITY);
    await left.put(keyOf("left"), embedding(1));
    await right.put(keyOf("right"), embedding(2));
  }
  await using cache = await EmbeddingCache.open(root, IDENTITY);
  expect([await cache.get(keyOf("left")), await cache.get(keyOf("right"))]).toEqual([embedding(1), embedding(2)]);
});

test("embeddings of another shape are refused", async () => {
  await using cache = await EmbeddingCache.open(root, IDENTITY);
  await cache.put(keyOf("a"), embedding(1));
  await expect(cache.put(keyOf("b"), { aggregate: Float32Array.of(1), paths: [] })).rejects.toThrow(ShapeError);
});

test("a temporary cache leaves nothing behind", async () => {
  {
    await using cache = await EmbeddingCache.temporary(root, IDENTITY);
    await cache.put(keyOf("a"), embedding(1));
  }
  expect(await readdir(root)).toEqual([]);
});
