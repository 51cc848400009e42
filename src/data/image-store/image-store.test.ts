import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { writeZip } from "../../../test/support/write-zip.ts";
import { DataError, DisposedError, FileError } from "../../errors/families.ts";
import { decodeImage } from "../../inputs/decode-image.ts";
import { openImageStore } from "./image-store.ts";

let folder = "";
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "polyvec-images-"))));
afterAll(() => rm(folder, { recursive: true }));

const LONG = "deflated well ".repeat(500);

async function text(reading: Promise<Uint8Array>): Promise<string> {
  return Buffer.from(await reading).toString();
}

test("a folder", async () => {
  const root = join(folder, "plain");
  await mkdir(join(root, "a/b"), { recursive: true });
  await writeFile(join(root, "a/b/c.jpg"), "picture");
  await using store = await openImageStore(root);
  expect(await text(store.read("a/b/c.jpg"))).toBe("picture");
  expect(await text(store.read("./a//b\\c.jpg"))).toBe("picture");
  expect(await store.has("a/b/c.jpg")).toBe(true);
  expect(await store.has("a/b")).toBe(false);
  expect(await store.has("a/c.jpg")).toBe(false);
});

test.each([
  ["deflated", {}],
  ["stored", { compress: false }],
  ["zip64", { zip64: true }],
])("a .zip archive, %s", async (name, options) => {
  const file = join(folder, `${name}.zip`);
  await writeZip(file, { "A/1.jpg": LONG, "A/größe 🐕.jpg": "unicode", "B/empty.png": "" }, options);
  await using store = await openImageStore(file);
  expect(await text(store.read("A/1.jpg"))).toBe(LONG);
  expect(await text(store.read("A/größe 🐕.jpg"))).toBe("unicode");
  expect(await text(store.read("B/empty.png"))).toBe("");
  expect(await store.has("A/2.jpg")).toBe(false);
});

test("a folder of archives, each meant for its own place of the tree", async () => {
  const root = join(folder, "mmeb");
  await mkdir(join(root, "images_zip"), { recursive: true });
  await mkdir(join(root, "images/Loose"), { recursive: true });
  await writeZip(join(root, "images_zip/A-OKVQA.zip"), { "A-OKVQA/Train/1.jpg": "in images" });
  await writeZip(join(root, "images_zip/CIRR.zip"), { "Train/1.jpg": "in images/CIRR" });
  await writeZip(join(root, "images_zip/Top.zip"), { "all/images/Top/1.jpg": "below one more folder", "all/images/Top/2.jpg": "2" });
  await writeZip(join(root, "eval.zip"), { "images/Eval/1.jpg": "at the root", "images/Loose/1.jpg": "archived", "x/1": "" });
  await writeFile(join(root, "images/Loose/1.jpg"), "loose");
  await using store = await openImageStore(root);
  const expected = {
    "images/A-OKVQA/Train/1.jpg": "in images",
    "images/CIRR/Train/1.jpg": "in images/CIRR",
    "images/Top/1.jpg": "below one more folder",
    "images/Eval/1.jpg": "at the root",
    "images/Loose/1.jpg": "loose",
  };
  for (const [path, content] of Object.entries(expected)) expect(await text(store.read(path)), path).toBe(content);
  expect(await store.has("images/NIGHTS/Train/1.jpg")).toBe(false);
  const error = await thrownBy(() => store.read("images/NIGHTS/Train/1.jpg"));
  expect(error).toMatchObject({ details: { file: root, entry: "images/NIGHTS/Train/1.jpg" } });
});

test("a picture is read when it is decoded", async () => {
  const pixels = await sharp({ create: { width: 3, height: 2, channels: 3, background: "#ff0000" } })
    .png()
    .toBuffer();
  const file = join(folder, "picture.zip");
  await writeZip(file, { "red.png": pixels, "odd.png": "no picture" });
  await using store = await openImageStore(file);
  expect(await decodeImage(store.image("red.png"))).toMatchObject({ width: 3, height: 2 });
  expect(await thrownBy(() => decodeImage(store.image("odd.png")))).toMatchObject({ details: { file: join(file, "odd.png") } });
  expect(await thrownBy(() => decodeImage(store.image("none.png")))).toBeInstanceOf(DataError);
});

describe("what is wrong is told", () => {
  test.each(["../secret", "a/../../secret", "/etc/passwd", "C:\\secret", "\\\\host\\share", "..\\secret", "a\0b", ""])(
    "a path that leads outside: %j",
    async (path) => {
      const file = join(folder, "outside.zip");
      await writeZip(file, { a: "a" });
      await using store = await openImageStore(file);
      for (const use of [() => store.read(path), () => store.has(path), () => store.image(path)]) {
        expect(await thrownBy(use)).toMatchObject({ code: "data", message: expect.stringMatching(/leads out of/) as string });
      }
    },
  );

  test("no folder", async () => {
    expect(await thrownBy(() => openImageStore(join(folder, "none")))).toBeInstanceOf(FileError);
  });

  test("no archive, a truncated one, a damaged entry", async () => {
    const file = join(folder, "whole.zip");
    await writeZip(file, { "a.jpg": LONG, "b.jpg": "b" });
    const whole = await readFile(file);
    const broken = join(folder, "broken.zip");
    for (const content of [Buffer.from("no zip"), whole.subarray(0, whole.length - 30)]) {
      await writeFile(broken, content);
      expect(await thrownBy(() => openImageStore(broken))).toMatchObject({ code: "data", details: { file: broken } });
    }
    const changed = Buffer.from(whole);
    changed.fill(0xaa, 40, 60);
    await writeFile(broken, changed);
    await using store = await openImageStore(broken);
    expect(await thrownBy(() => store.read("a.jpg"))).toMatchObject({ code: "data", details: { file: broken, entry: "a.jpg" } });
    expect(await text(store.read("b.jpg"))).toBe("b");
  });

  test("an entry of the right size but another content", async () => {
    const file = join(folder, "flipped.zip");
    await writeZip(file, { "a.jpg": "content" }, { compress: false });
    const bytes = await readFile(file);
    bytes.write("CONTENT", bytes.indexOf("content"));
    await writeFile(file, bytes);
    await using store = await openImageStore(file);
    expect(await thrownBy(() => store.read("a.jpg"))).toMatchObject({ message: expect.stringMatching(/checksum/) as string });
  });

  test("reading after the store was closed", async () => {
    const file = join(folder, "closed.zip");
    await writeZip(file, { a: "a" });
    const store = await openImageStore(file);
    await store.dispose();
    await store.dispose();
    expect(await thrownBy(() => store.read("a"))).toBeInstanceOf(DisposedError);
  });
});
