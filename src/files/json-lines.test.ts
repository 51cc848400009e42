import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { thrownBy } from "../../test/support/thrown-by.ts";
import { DataError, DisposedError, FileError } from "../errors/families.ts";
import { JsonLinesWriter, parseJsonLines, readJsonLines, writeJsonLines } from "./json-lines.ts";

let folder = "";
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "polyvec-lines-"))));
afterAll(() => rm(folder, { recursive: true, force: true }));

const parse = (text: string) => parseJsonLines(text, { file: "x.jsonl" });

describe("reading", () => {
  test("rows; empty lines and a byte order mark are passed over, the last line end may be missing", () => {
    expect(parse('\uFEFF{"a":1}\n\n2\r\n"x"')).toEqual({ rows: [{ a: 1 }, 2, "x"] });
    expect(parse("")).toEqual({ rows: [] });
  });

  test("a last line that was cut off is dropped and reported", () => {
    expect(parse('{"a":1}\n{"a":')).toEqual({ rows: [{ a: 1 }], dropped: '{"a":' });
  });

  test("another broken line is an error that names file and line", async () => {
    const error = await thrownBy(() => parse('{"a":1}\n{"a":\n{}\n'));
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({ message: expect.stringContaining("x.jsonl: line 2 is not JSON") as string, details: { row: 2 } });
  });

  test("a file that is not there", async () => {
    await expect(readJsonLines(join(folder, "none.jsonl"))).rejects.toBeInstanceOf(FileError);
  });
});

describe("writing", () => {
  test("any rows come back", async () => {
    const file = join(folder, "any.jsonl");
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue()), async (values) => {
        const rows = JSON.parse(JSON.stringify(values)) as unknown[];
        await writeJsonLines(file, rows);
        expect(await readJsonLines(file)).toEqual({ rows });
      }),
      { numRuns: 40 },
    );
  });

  test("appending makes the folder and goes on where it was", async () => {
    const file = join(folder, "new", "metrics.jsonl");
    for (const step of [1, 2]) {
      await using writer = await JsonLinesWriter.open(file);
      expect(writer.dropped).toBeUndefined();
      await writer.append({ step });
    }
    expect(await readFile(file, "utf8")).toBe('{"step":1}\n{"step":2}\n');
  });

  test("after a kill at any byte, appending goes on with a whole line", async () => {
    const file = join(folder, "killed.jsonl");
    const rows = [{ step: 1, text: "ä\u2028😀" }, { step: 2, text: "x".repeat(70_000) }]; // prettier-ignore
    const bytes = Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const firstLength = bytes.indexOf("\n") + 1;
    const cuts = fc.oneof(fc.integer({ min: 0, max: firstLength + 20 }), fc.integer({ min: 0, max: bytes.length }));
    await fc.assert(
      fc.asyncProperty(cuts, async (cut) => {
        await writeFile(file, bytes.subarray(0, cut));
        await using writer = await JsonLinesWriter.open(file);
        await writer.append({ step: 3 });
        const whole = rows.filter((_, index) => cut >= (index === 0 ? firstLength - 1 : bytes.length - 1));
        expect(await readJsonLines(file)).toEqual({ rows: [...whole, { step: 3 }] });
        const isCutInside = cut > 0 && ![firstLength - 1, firstLength, bytes.length - 1, bytes.length].includes(cut);
        expect(writer.dropped !== undefined).toBe(isCutInside);
      }),
      { numRuns: 60 },
    );
  });

  test("after close", async () => {
    const writer = await JsonLinesWriter.open(join(folder, "closed.jsonl"));
    await writer.close();
    await writer.close();
    await expect(writer.append({})).rejects.toBeInstanceOf(DisposedError);
  });

  test.runIf(existsSync("/dev/full"))("a full disk", async () => {
    await using writer = await JsonLinesWriter.open("/dev/full");
    const error = await thrownBy(() => writer.append({ step: 1 }));
    expect(error).toBeInstanceOf(FileError);
    expect(error).toMatchObject({
      message: expect.stringContaining("the disk is full; free some space") as string,
      details: { errno: "ENOSPC" },
    });
  });
});
