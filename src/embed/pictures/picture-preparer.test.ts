import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { AbortedError, DataError, ProcessorError } from "../../errors/families.ts";
import type { ImageSource, RawImage } from "../../inputs/embedding-input.ts";
import type { ImageFitting } from "../../model/multimodal/image-fitting.ts";
import { PicturePreparer } from "./picture-preparer.ts";

const MANY = 80;
const SQUARE: ImageFitting = { kind: "square", side: 20 };

let root = "";
let files: Buffer[] = [];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-pictures-"));
  files = await Promise.all(Array.from({ length: MANY }, (_, seed) => encoded(24 + (seed % 7), 31, seed)));
  await Promise.all(files.map((bytes, at) => writeFile(join(root, `${at}.png`), bytes)));
});
afterAll(() => rm(root, { recursive: true, force: true }));

function encoded(width: number, height: number, seed: number): Promise<Buffer> {
  const channels = seed % 3 === 0 ? 4 : 3;
  const data = Uint8Array.from({ length: width * height * channels }, (_, at) => (at * 31 + seed * 7) % 256);
  const image = sharp(data, { raw: { width, height, channels } });
  return seed % 2 === 0 ? image.png().toBuffer() : image.jpeg().toBuffer();
}

/** Paths, bytes and pictures that are read later, in turn. */
function sources(): ImageSource[] {
  return files.map((bytes, at) => {
    if (at % 3 === 0) return join(root, `${at}.png`);
    return at % 3 === 1
      ? new Uint8Array(bytes)
      : { name: `entry ${at}`, read: () => Promise.resolve(bytes), ...(at % 2 === 0 && { square: 33 }) };
  });
}

function prepareAll(preparer: PicturePreparer, fitting: ImageFitting, from: readonly ImageSource[] = sources()): Promise<RawImage[]> {
  return Promise.all(from.map((source) => preparer.prepare(source, fitting)));
}

test.each<ImageFitting>([
  { kind: "none" },
  SQUARE,
  { kind: "patches", settings: { patchSize: 4, mergeSize: 2, minPixels: 64, maxPixels: 400, doResize: true } },
  { kind: "longest-edge", doResize: true, longestEdge: 16, filter: "lanczos" },
])("many pictures are the same from threads, to the last bit: $kind", async (fitting) => {
  await using threaded = new PicturePreparer({ threads: 2, heavyMs: -1 });
  await using plain = new PicturePreparer({ threads: 0 });
  expect(await prepareAll(threaded, fitting)).toEqual(await prepareAll(plain, fitting));
  expect([threaded.hasThreads, plain.hasThreads]).toEqual([true, false]);
});

test("a few pictures, and decoded ones, start no threads", async () => {
  await using preparer = new PicturePreparer({ threads: 1, heavyMs: -1 });
  await prepareAll(preparer, SQUARE, sources().slice(0, 20));
  const raw = { width: 2, height: 1, data: new Uint8Array(6) };
  const same = await prepareAll(
    preparer,
    { kind: "none" },
    Array.from({ length: MANY }, () => raw),
  );
  expect(same[0]).toBe(raw);
  expect(preparer.hasThreads).toBe(false);
});

test("many that are resized in no time start none", async () => {
  await using preparer = new PicturePreparer({ threads: 1, heavyMs: 1e9 });
  await prepareAll(preparer, SQUARE);
  expect(preparer.hasThreads).toBe(false);
});

test("what is wrong with a picture is told as it is without threads, and the others are there", async () => {
  await using preparer = new PicturePreparer({ threads: 1, heavyMs: -1 });
  const damaged = join(root, "damaged.png");
  await writeFile(damaged, (files[0] as Buffer).subarray(0, 60));
  const unread: ImageSource = {
    name: "gone",
    read: () => Promise.reject(new DataError({ message: "a.zip, entry gone: lost", details: {} })),
  };
  const all = [...sources(), damaged, join(root, "absent.png"), unread];
  const outcomes = await Promise.allSettled(all.map((source) => preparer.prepare(source, SQUARE)));
  expect(preparer.hasThreads).toBe(true);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(MANY);
  const [broken, absent, lost] = outcomes
    .slice(MANY)
    .map((outcome) => (outcome.status === "rejected" ? (outcome.reason as unknown) : undefined));
  expect(broken).toBeInstanceOf(ProcessorError);
  expect(broken).toMatchObject({ details: { file: damaged, reason: "damaged" }, cause: expect.any(Error) as unknown });
  expect(absent).toMatchObject({ details: { reason: "unreadable" }, message: expect.stringContaining("there is no such file") as unknown });
  expect(lost).toBeInstanceOf(DataError);
});

test("what waits is not begun once it is not wanted", async () => {
  const stop = new AbortController();
  let read = 0;
  const counted: ImageSource = { name: "counted", read: () => (read++, Promise.resolve(files[0] as Buffer)) };
  await using preparer = new PicturePreparer({ threads: 0 });
  const asked = Array.from({ length: 30 }, () => preparer.prepare(counted, SQUARE, stop.signal));
  stop.abort();
  const outcomes = await Promise.allSettled(asked);
  expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBe(read);
  expect(read).toBeLessThan(10);
  expect(await thrownBy(() => asked[29])).toBeInstanceOf(AbortedError);
});

test("threads end with it, and it may be asked again", async () => {
  const preparer = new PicturePreparer({ threads: 1, heavyMs: -1 });
  const before = await prepareAll(preparer, SQUARE);
  await preparer.dispose();
  await preparer.dispose();
  expect(preparer.hasThreads).toBe(false);
  expect(await prepareAll(preparer, SQUARE)).toEqual(before);
  await preparer.dispose();
});
