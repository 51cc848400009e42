import { mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AbortedError, FileError } from "../../errors/families.ts";
import { loadPictures, type PicturePlan, type PictureStore } from "./picture-cache.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "polyvec-cache-"));
});
afterEach(() => rm(folder, { recursive: true }));

function square(colour: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" fill="${colour}"/></svg>`;
}

const PLAN: PicturePlan = {
  requests: [
    { key: "red", source: { svg: square("#f00") } },
    { key: "broken", source: { svg: "<svg" } },
    { key: "white", source: { svg: square("#fff") } },
    { key: "blue", source: { svg: square("#00f") } },
  ],
  skipped: [{ key: "green", reason: "not drawn by anyone" }],
};

function centre(store: PictureStore, index: number): number[] {
  const { data, width } = store.image(index);
  return [...data.subarray((8 * width + 8) * 3, (8 * width + 8) * 3 + 3)];
}

describe("loadPictures", () => {
  test("draws once, then reads; what cannot be drawn is counted and leaves no gap", async () => {
    const plan = vi.fn<() => Promise<PicturePlan>>(() => Promise.resolve(PLAN));
    const progress: number[] = [];
    const first = await loadPictures("test", ["a@1"], plan, {
      size: 32,
      cacheFolder: folder,
      onProgress: ({ done }) => progress.push(done),
    });
    const second = await loadPictures("test", ["a@1"], plan, { size: 32, cacheFolder: folder });
    expect(plan).toHaveBeenCalledTimes(1);
    expect(progress).toEqual([1, 2, 3, 4]);
    for (const store of [first, second]) {
      expect(store.keys).toEqual(["red", "blue"]);
      expect(store.skipped.map(({ key }) => key)).toEqual(["green", "broken", "white"]);
      expect([centre(store, 0), centre(store, 1)]).toEqual([
        [255, 0, 0],
        [0, 0, 255],
      ]);
      expect(store.alpha(1)[8 * 32 + 8]).toBe(255);
      expect(store.alpha(0)[0]).toBe(0);
    }
  });

  test("draws anew for another size or version", async () => {
    const plan = vi.fn<() => Promise<PicturePlan>>(() => Promise.resolve(PLAN));
    await loadPictures("test", ["a@1"], plan, { size: 16, cacheFolder: folder });
    await loadPictures("test", ["a@2"], plan, { size: 16, cacheFolder: folder });
    const large = await loadPictures("test", ["a@2"], plan, { size: 32, cacheFolder: folder });
    expect(plan).toHaveBeenCalledTimes(3);
    expect(large.image(0)).toMatchObject({ width: 32, height: 32 });
  });

  test("makes a cut or garbled cache again", async () => {
    const plan = vi.fn<() => Promise<PicturePlan>>(() => Promise.resolve(PLAN));
    const options = { size: 16, cacheFolder: folder };
    await loadPictures("test", [], plan, options);
    const [pixels, index] = (await readdir(folder)).sort();
    await truncate(join(folder, pixels as string), 100);
    expect((await loadPictures("test", [], plan, options)).keys).toEqual(["red", "blue"]);
    await writeFile(join(folder, index as string), "{");
    expect((await loadPictures("test", [], plan, options)).keys).toEqual(["red", "blue"]);
    expect(plan).toHaveBeenCalledTimes(3);
    expect(await readdir(folder)).toHaveLength(2);
  });

  test("stops when told to, leaving nothing behind", async () => {
    const stop = new AbortController();
    stop.abort();
    const loading = loadPictures("test", [], () => Promise.resolve(PLAN), { cacheFolder: folder, signal: stop.signal });
    await expect(loading).rejects.toBeInstanceOf(AbortedError);
    expect(await readdir(folder)).toEqual([]);
  });

  test("says where it cannot write", async () => {
    const blocked = join(folder, "file");
    await writeFile(blocked, "");
    await expect(loadPictures("test", [], () => Promise.resolve(PLAN), { size: 16, cacheFolder: blocked })).rejects.toBeInstanceOf(
      FileError,
    );
  });
});
