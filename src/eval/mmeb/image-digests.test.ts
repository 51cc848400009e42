import { mkdir, mkdtemp, open, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeZip } from "../../../test/support/write-zip.ts";
import { openImageStore } from "../../data/image-store/image-store.ts";
import { ContentKeys } from "./content-keys.ts";
import { ImageDigests, type ImageDigestsOptions } from "./image-digests.ts";
import type { MmebItem } from "./mmeb-item.ts";

let root = "";
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), "polyvec-digests-"))));
afterEach(() => rm(root, { recursive: true, force: true }));

const later = (): number => Date.now() + 60_000;

const itemOf = (image: string): MmebItem => ({ prompt: "", instruction: "", text: "", image });

/** The keys of images as a run of their own gives them, and how many it read. */
async function run(
  paths: readonly string[],
  options: ImageDigestsOptions = {},
): Promise<{ readonly keys: readonly string[]; readonly reads: number }> {
  await using store = await openImageStore(join(root, "images"));
  await using digests = await ImageDigests.open(join(root, "cache"), { now: later, ...options });
  let reads = 0;
  const read = (path: string): Promise<Uint8Array> => (reads++, store.read(path));
  const keys = new ContentKeys({ read, state: (path) => store.state(path) }, "reference", digests);
  return { keys: await keys.keysOf(paths.map(itemOf)), reads };
}

async function writeImages(): Promise<string[]> {
  await mkdir(join(root, "images"));
  await writeFile(join(root, "images", "a.png"), "an image");
  await writeFile(join(root, "images", "b.png"), "another one");
  await writeZip(join(root, "images", "Set.zip"), { "c.png": "in a zip", "d.png": "in a zip too" });
  return ["a.png", "b.png", "Set/c.png", "Set/d.png"];
}

test("a later run reads no image that is still the same, in a folder or in a zip", async () => {
  const paths = await writeImages();
  const first = await run(paths);
  expect(first.reads).toBe(4);
  expect(await run(paths)).toEqual({ keys: first.keys, reads: 0 });
  expect(await run(paths, { rehash: true })).toEqual({ keys: first.keys, reads: 4 });
});

test("a changed file is noticed, of the same size, and with its time put back", async () => {
  const paths = await writeImages();
  const first = await run(paths);
  const file = join(root, "images", "a.png");
  const { atime, mtime } = await stat(file);
  await writeFile(file, "AN IMAGE");
  const second = await run(paths);
  expect([second.reads, second.keys[0] === first.keys[0], second.keys[1]]).toEqual([1, false, first.keys[1]]);
  await writeFile(file, "an image");
  await utimes(file, atime, mtime);
  expect(await run(paths)).toEqual({ keys: first.keys, reads: 1 });
});

test("a replaced zip is noticed: all of its entries are read again", async () => {
  const paths = await writeImages();
  const first = await run(paths);
  await writeZip(join(root, "images", "Set.zip"), { "c.png": "IN A ZIP", "d.png": "in a zip too" });
  const second = await run(paths);
  expect(second.reads).toBe(2);
  expect(second.keys.map((key, at) => key === first.keys[at])).toEqual([true, true, false, true]);
});

test("what was changed just now is not remembered", async () => {
  const paths = await writeImages();
  const first = await run(paths, { now: Date.now });
  expect(await run(paths)).toEqual({ keys: first.keys, reads: 4 });
});

test("a damaged record is read again, half a record at the end is none", async () => {
  const paths = await writeImages();
  const first = await run(paths);
  const [name = ""] = await readdir(join(root, "cache", "image-digests"));
  const handle = await open(join(root, "cache", "image-digests", name), "r+");
  await handle.write(Buffer.from([0, 1, 2]), 0, 3, 40);
  await handle.truncate(68 * 4 - 5);
  await handle.close();
  expect(await run(paths)).toEqual({ keys: first.keys, reads: 2 });
});

test("beyond what is kept, the oldest files go", async () => {
  const paths = await writeImages();
  for (const path of paths) {
    await run([path]);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect((await run(["Set/d.png"], { most: 2 })).reads).toBe(0);
  expect(await readdir(join(root, "cache", "image-digests"))).toHaveLength(2);
  expect((await run(["a.png"])).reads).toBe(1);
});
