import { mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeZip } from "../support/write-zip.ts";
import { openImageStore } from "../../src/data/image-store/image-store.ts";
import { PicturePreparer } from "../../src/embed/pictures/picture-preparer.ts";
import { DataError } from "../../src/errors/families.ts";
import type { ImageSource, RawImage } from "../../src/inputs/embedding-input.ts";
import type { ImageFitting } from "../../src/model/multimodal/image-fitting.ts";

const MANY = 80;
const SQUARE: ImageFitting = { kind: "square", side: 20 };

let root = "";
let files: Buffer[] = [];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-zip-pictures-"));
  files = await Promise.all(Array.from({ length: MANY }, (_, seed) => encoded(24 + (seed % 7), 31, seed)));
});
afterAll(() => rm(root, { recursive: true, force: true }));

function encoded(width: number, height: number, seed: number): Promise<Buffer> {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * 31 + seed * 7) % 256);
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

function prepareAll(preparer: PicturePreparer, sources: readonly ImageSource[]): Promise<RawImage[]> {
  return Promise.all(sources.map((source) => preparer.prepare(source, SQUARE)));
}

test("threads read pictures out of a zip by themselves; where that fails, the archive tells why", async () => {
  const folder = join(root, "zips");
  await mkdir(folder);
  const entries = Object.fromEntries(files.map((bytes, at) => [`${at}.png`, new Uint8Array(bytes)]));
  await writeZip(join(folder, "packed.zip"), entries);
  await writeZip(join(folder, "plain.zip"), entries, { compress: false });
  for (const name of ["packed.zip", "plain.zip"]) {
    await using store = await openImageStore(join(folder, name));
    await using threaded = new PicturePreparer({ threads: 1, heavyMs: -1 });
    await using plain = new PicturePreparer({ threads: 0 });
    let read = 0;
    const counted = files.map((_, at): ImageSource => {
      const image = store.image(`${at}.png`);
      return { ...image, read: () => (read++, image.read()) };
    });
    expect(await prepareAll(threaded, counted)).toEqual(await prepareAll(plain, files));
    expect(read).toBeLessThan(MANY / 2); // the first few, before there were threads
  }
  const file = join(folder, "plain.zip");
  await using store = await openImageStore(file);
  const place = await store.place("40.png");
  const handle = await open(file, "r+");
  await handle.write(Buffer.from([1, 2, 3, 4]), 0, 4, (place?.entry?.headerOffset ?? 0) + 60);
  await handle.close();
  await using threaded = new PicturePreparer({ threads: 1, heavyMs: -1 });
  const outcomes = await Promise.allSettled(files.map((_, at) => threaded.prepare(store.image(`${at}.png`), SQUARE)));
  const failed = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
  expect(failed).toHaveLength(1);
  expect(failed[0]).toBeInstanceOf(DataError);
  expect(failed[0]).toMatchObject({
    details: { file, entry: "40.png" },
    message: expect.stringContaining("its checksum is wrong") as unknown,
  });
});
