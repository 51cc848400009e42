import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { thrownBy } from "../../test/support/thrown-by.ts";
import { FileError, WeightsError } from "../errors/families.ts";
import { asFileError, writeFileAtomic, writeJsonAtomic } from "./atomic-write.ts";

let folder = "";
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "polyvec-atomic-"))));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Pieces of a file whose disk becomes full after the first. */
function* piecesUntilFull(): Generator<Uint8Array> {
  yield Uint8Array.of(1, 2, 3);
  throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
}

test("text, bytes, pieces and JSON; folders are made", async () => {
  const file = join(folder, "a", "b", "c");
  await writeFileAtomic(file, "text");
  expect(await readFile(file, "utf8")).toBe("text");
  await writeFileAtomic(file, Uint8Array.of(104, 105));
  expect(await readFile(file, "utf8")).toBe("hi");
  await writeFileAtomic(file, [Uint8Array.of(104), Uint8Array.of(105)]);
  expect(await readFile(file, "utf8")).toBe("hi");
  await writeJsonAtomic(file, { a: [1] });
  expect(await readFile(file, "utf8")).toBe('{\n  "a": [\n    1\n  ]\n}\n');
});

test("a disk that becomes full leaves the earlier file as it was, and nothing beside it", async () => {
  const place = await mkdtemp(join(folder, "full-"));
  const file = join(place, "x");
  await writeFileAtomic(file, "before");
  const error = await thrownBy(() => writeFileAtomic(file, piecesUntilFull()));
  expect(error).toBeInstanceOf(FileError);
  expect(error).toMatchObject({
    message: expect.stringMatching(/cannot write .*x: the disk is full/) as string,
    details: { file, errno: "ENOSPC" },
  });
  expect(await readFile(file, "utf8")).toBe("before");
  expect(await readdir(place)).toEqual(["x"]);
});

test("a place that cannot be written", async () => {
  await writeFileAtomic(join(folder, "file"), "");
  await expect(writeFileAtomic(join(folder, "file", "x"), "")).rejects.toThrow(/a file is in the way/);
});

test("errors of Polyvec and errors without code pass through", () => {
  const weights = new WeightsError({ message: "m" });
  const plain = new TypeError("m");
  expect(asFileError(weights, "f", "read")).toBe(weights);
  expect(asFileError(plain, "f", "read")).toBe(plain);
});
