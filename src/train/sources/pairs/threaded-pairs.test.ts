import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeMadeUpPairs } from "../../../../test/support/data/made-up-pairs.ts";
import { openImageStore, type ImageStore } from "../../../data/image-store/image-store.ts";
import { findPairs, openPairs } from "../../../data/pairs/open-pairs.ts";
import type { PairDataset } from "../../../data/pairs/pair-dataset.ts";
import { DataError } from "../../../errors/families.ts";
import { decodeImage } from "../../../inputs/decode-image.ts";
import { imagesOf } from "../../../inputs/embedding-input.ts";
import type { BatchSource, ContrastiveBatch } from "../../batch-source.ts";
import type { PairData } from "../../recipe/recipe-types.ts";
import { mixedDataset, pairSource } from "./pair-source.ts";
import { ThreadedPairs } from "./threaded-pairs.ts";

let root = "";
let store: ImageStore;
const opened: PairDataset[] = [];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-threaded-"));
  await writeMadeUpPairs(join(root, "mmeb"));
  store = await openImageStore(join(root, "mmeb"));
});
afterAll(async () => {
  await Promise.all([...opened.map((dataset) => dataset.dispose()), store.dispose()]);
  await rm(root, { recursive: true });
});

const DATA: PairData = {
  kind: "mmeb",
  path: "mmeb",
  split: "original",
  order: "drawn",
  batchSize: 6,
  rowsPerDataset: 1000,
  groupByLength: true,
  hardNegatives: 1,
  maskSameImage: false,
};

/** The source on this thread, and with a thread after its first batch. */
async function bothWays(
  changeHere: (source: BatchSource) => BatchSource = (source) => source,
): Promise<{ plain: BatchSource; threaded: ThreadedPairs }> {
  const found = await findPairs(join(root, "mmeb"), { split: DATA.split });
  const openImage = (path: string) => store.image(path);
  const datasets = await Promise.all(found.map(async (files) => mixedDataset(await openPairs(files), DATA)));
  opened.push(...datasets.map(({ dataset }) => dataset));
  const plain = pairSource({ ...DATA, seed: 3, datasets, openImage });
  const reading = { found, data: DATA, seed: 3 };
  return { plain, threaded: new ThreadedPairs({ here: changeHere(plain), openImage, reading, slowMs: -1 }) };
}

test("batches from a thread are the same, and their images can be read", async () => {
  const asked: number[] = [];
  const { plain, threaded } = await bothWays((source) => ({ batch: (step) => (asked.push(step), source.batch(step)) }));
  for (const step of [0, 1, 2, 17, 5, 123_456]) {
    const [got, expected] = [await threaded.batch(step), await plain.batch(step)] as [ContrastiveBatch, ContrastiveBatch];
    expect(JSON.stringify(got)).toBe(JSON.stringify(expected));
    const pixelsOf = ({ queries }: ContrastiveBatch): Promise<unknown> => Promise.all(queries.flatMap(imagesOf).map(decodeImage));
    expect(await pixelsOf(got)).toEqual(await pixelsOf(expected));
  }
  expect(threaded.isThreaded).toBe(true);
  expect(asked).toEqual([0]); // all others came from the thread
  await threaded.dispose();
  await threaded.dispose();
});

test("what goes wrong is told as it is on this thread", async () => {
  const lost = new DataError({ message: "shard.parquet, row 7: lost", details: { file: "shard.parquet", row: 7 } });
  const { plain } = await bothWays();
  const threaded = new ThreadedPairs({
    here: { batch: (step) => (step === 0 ? plain.batch(0) : Promise.reject(lost)) },
    openImage: (path) => path,
    reading: { found: [{ name: "gone", files: [join(root, "gone.parquet")] }], data: DATA, seed: 3 },
    slowMs: -1,
  });
  await threaded.batch(0);
  await expect(threaded.batch(1)).rejects.toBe(lost);
  await threaded.dispose();
});

test("a source that is quick enough has no thread", async () => {
  const { plain } = await bothWays();
  const threaded = new ThreadedPairs({ here: plain, openImage: (path) => path, reading: { found: [], data: DATA, seed: 3 }, slowMs: 1e9 });
  await threaded.batch(0);
  await threaded.batch(1);
  expect(threaded.isThreaded).toBe(false);
  await threaded.dispose();
});
