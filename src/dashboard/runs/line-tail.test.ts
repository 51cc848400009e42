import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { FileError } from "../../errors/families.ts";
import { LineTail } from "./line-tail.ts";

let root = "";
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), "polyvec-tail-"))));
afterAll(() => rm(root, { recursive: true, force: true }));

async function read(tail: LineTail): Promise<[isNew: boolean, ...lines: readonly string[]]> {
  const { isNew, lines } = await tail.read();
  return [isNew, ...lines];
}

test("a file that is not there yet is empty; then its lines come once, each when it is whole", async () => {
  const file = join(root, "grows");
  const tail = new LineTail(file);
  expect(await tail.read()).toEqual({ lines: [], isNew: false, writtenAt: null });
  await writeFile(file, "one\ntw");
  expect(await read(tail)).toEqual([true, "one"]);
  expect(await read(tail)).toEqual([false]);
  await appendFile(file, "o\n🐱");
  expect(await read(tail)).toEqual([false, "two"]);
  await appendFile(file, "\n\nfour\n");
  expect(await read(tail)).toEqual([false, "🐱", "", "four"]);
});

test("an unfinished line that is cut off and written anew comes as it was written last", async () => {
  const file = join(root, "mended");
  await writeFile(file, "one\nbro");
  const tail = new LineTail(file);
  expect(await read(tail)).toEqual([true, "one"]);
  await truncate(file, 4);
  await appendFile(file, "two\n");
  expect(await read(tail)).toEqual([false, "two"]);
});

test("a file that is replaced, cut, written over or taken away is read from its beginning", async () => {
  const file = join(root, "replaced");
  await writeFile(file, "one\ntwo\nthree\n");
  const tail = new LineTail(file);
  await tail.read();
  await writeFile(`${file}.new`, "one\ntwo\n3\nfour\nfive\n");
  await rename(`${file}.new`, file);
  expect(await read(tail)).toEqual([true, "one", "two", "3", "four", "five"]);
  await truncate(file, 4);
  expect(await read(tail)).toEqual([true, "one"]);
  await writeFile(file, "eins\nzwei\n");
  expect(await read(tail)).toEqual([true, "eins", "zwei"]);
  await rm(file);
  expect(await read(tail)).toEqual([true]);
  expect(await read(tail)).toEqual([false]);
});

test("whatever the pieces in which lines are written, they come whole and in order", async () => {
  let number = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: "binary" })), fc.array(fc.nat(60)), async (texts, cuts) => {
      const file = join(root, `pieces-${number++}`);
      const lines = texts.map((text) => text.replaceAll("\n", ""));
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
      const tail = new LineTail(file);
      const got: string[] = [];
      let from = 0;
      for (const size of [...cuts, bytes.length]) {
        await appendFile(file, bytes.subarray(from, from + size));
        from += size;
        got.push(...(await tail.read()).lines);
      }
      expect(got).toEqual(lines.map((line) => Buffer.from(line).toString("utf8")));
    }),
    { numRuns: 50 },
  );
});

test("lines beyond what is read at once", async () => {
  const file = join(root, "long");
  const lines = Array.from({ length: 40 }, (_, place) => `${place}`.repeat(50_000));
  await writeFile(file, `${lines.join("\n")}\n`);
  expect(await read(new LineTail(file))).toEqual([true, ...lines]);
});

test("what is no file is an error that names it", async () => {
  const error = await thrownBy(() => new LineTail(root).read());
  expect(error).toBeInstanceOf(FileError);
  expect(error).toMatchObject({ details: { file: root, errno: "EISDIR" } });
});
