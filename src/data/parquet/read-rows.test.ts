import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { DataError, FileError } from "../../errors/families.ts";
import { textCell, textsCell } from "./cells.ts";
import type { ParquetRow, ReadRowsOptions } from "./parquet-file.ts";
import { parquetInfo, readParquetRows } from "./read-rows.ts";

const FIXTURES = "test/fixtures/parquet";
const LAYOUTS = ["snappy", "snappy-pages", "zstd-v2", "zstd-v2-index", "gzip-index", "brotli", "lz4", "none"];
const fixture = (layout: string): string => join(FIXTURES, `${layout}.parquet`);

let folder = "";
let expected: Record<string, unknown>[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "polyvec-parquet-"));
  expected = JSON.parse(await readFile(join(FIXTURES, "rows.json"), "utf8")) as Record<string, unknown>[];
});
afterAll(() => rm(folder, { recursive: true }));

async function collect(file: string, options: ReadRowsOptions = {}): Promise<ParquetRow[]> {
  const rows: ParquetRow[] = [];
  for await (const row of readParquetRows(file, options)) rows.push(row);
  return rows;
}

describe.each(LAYOUTS)("Arrow's %s", (layout) => {
  test("is read as it was written", async () => {
    const rows = await collect(fixture(layout));
    expect(rows.map(({ row }) => row)).toEqual(expected.map((_, row) => row));
    expect(rows.map(({ values }) => values)).toEqual(expected);
  });

  test("is read from any row on, the wanted columns alone", async () => {
    for (const from of [0, 1, 7, 99, 100, 101, 119, 120, 121, 200, 239, 240, 249, 250, 400]) {
      for (const columns of [["qry"], ["number", "label"], ["texts"], ["nested", "qry"]]) {
        const rows = await collect(fixture(layout), { columns, from });
        const wanted = expected.slice(from).map((row) => Object.fromEntries(columns.map((column) => [column, row[column]])));
        expect(rows.map(({ values }) => values)).toEqual(wanted);
        expect(rows[0]?.row).toBe(from < 250 ? from : undefined);
      }
    }
  });
});

test("parquetInfo tells rows, columns and row groups", async () => {
  expect(await parquetInfo(fixture("zstd-v2"))).toEqual({
    rows: 250,
    columns: ["qry", "label", "number", "texts", "nested"],
    rowGroups: [120, 120, 10],
  });
});

test("what hyparquet-writer wrote is read", async () => {
  const file = join(folder, "own.parquet");
  const lists = [["a"], [], ["b", "c"]];
  const columnData = [
    { name: "text", data: ["x", "y", ""], type: "STRING" as const },
    { name: "list", data: lists, type: "JSON" as const },
  ];
  await writeFile(file, Buffer.from(parquetWriteBuffer({ columnData })));
  expect((await collect(file)).map(({ values }) => values)).toEqual(["x", "y", ""].map((text, at) => ({ text, list: lists[at] })));
});

describe("what is wrong is told", () => {
  const failure = async (file: string, options: ReadRowsOptions = {}): Promise<DataError> => {
    const error = await thrownBy(() => collect(file, options));
    expect(error).toBeInstanceOf(DataError);
    return error as DataError;
  };

  test("a missing column, with the nearest and those that are there", async () => {
    const error = await failure(fixture("snappy"), { columns: ["qri"] });
    expect(error.details).toEqual({ file: fixture("snappy"), row: null, field: "qri" });
    expect(error.message).toMatch(/the nearest is "qry"; there are "qry", "label"/);
  });

  test.each([
    ["empty", "", /not a parquet file/],
    ["other", "hello, this is no parquet", /not a parquet file/],
    ["pointer", "version https://git-lfs.github.com/spec/v1\n", /pointer of Git LFS/],
    ["tiny", "PAR1", /truncated at 4 bytes/],
    ["footless", "PAR1....PAR1", /damaged/],
  ])("%s", async (name, content, message) => {
    const file = join(folder, `${name}.parquet`);
    await writeFile(file, content);
    expect((await failure(file)).message).toMatch(message);
  });

  test("a truncated file, wherever it was cut", async () => {
    const whole = await readFile(fixture("snappy-pages"));
    for (const length of [100, 5_000, whole.length - 200, whole.length - 3]) {
      const file = join(folder, "cut.parquet");
      await writeFile(file, whole.subarray(0, length));
      expect((await failure(file)).message).toMatch(/cut\.parquet.*truncated/);
    }
  });

  test("damaged pages, with row and column", async () => {
    const bytes = await readFile(fixture("none"));
    bytes.fill(0xff, 60, 400);
    const file = join(folder, "damaged.parquet");
    await writeFile(file, bytes);
    expect((await failure(file, { columns: ["qry"] })).details).toMatchObject({ file, field: "qry", row: 0 });
  });

  // found by changing bytes at random: each filled the memory for many seconds, the last gave wrong rows, before the counts in pages were checked
  test.each([
    ["none", 27_609, 0, /of its repetition levels, its runs hold 0 of 72 values/],
    ["none", 27_242, 255, /it tells of runs of 2560 bytes, more than it has/],
    ["snappy-pages", 5623, 128, /of its repetition levels, a run of 6656 values does not fit it/],
    ["snappy-pages", 10_373, 212, /of its definition levels, a run of 1015722 values does not fit it/],
  ] as const)(
    "a count that is damaged is told at once, with file, column and row group: %s, byte %i",
    async (layout, at, value, message) => {
      const bytes = await readFile(fixture(layout));
      bytes[at] = value;
      const file = join(folder, "count.parquet");
      await writeFile(file, bytes);
      const error = await failure(file);
      expect(error.message).toMatch(message);
      expect(error.message).toMatch(/count\.parquet, row \d+, column "\w+", row group \d: it is damaged/);
      expect(error.details).toMatchObject({
        file,
        row: expect.any(Number) as number,
        field: expect.any(String) as string,
        rowGroup: expect.any(Number) as number,
      });
    },
  );

  test("whatever bytes are changed, there are rows or a typed error", async () => {
    const whole = await readFile(fixture("zstd-v2"));
    const file = join(folder, "changed.parquet");
    for (let round = 0; round < 150; round++) {
      const bytes = Buffer.from(whole);
      for (let change = 0; change < 3; change++) bytes[(round * 7919 + change * 104_729) % bytes.length] = (round * 31 + change) % 256;
      await writeFile(file, bytes);
      const error = await thrownBy(() => collect(file));
      expect(error === undefined || error instanceof DataError, String(error)).toBe(true);
    }
  });

  test("no file, and a folder", async () => {
    expect(await thrownBy(() => collect(join(folder, "none.parquet")))).toBeInstanceOf(FileError);
    expect(await thrownBy(() => collect(folder))).toBeInstanceOf(FileError);
  });

  test("a cell of another type, with its row", async () => {
    const [, row] = await collect(fixture("snappy"));
    if (row === undefined) throw new Error("no row");
    const place = { file: "f", column: "number" };
    expect(textCell(row, { file: "f", column: "label" })).toBe("ein Hund");
    expect(textsCell(row, { file: "f", column: "texts" })).toEqual(["1-0"]);
    expect(textsCell(row, { file: "f", column: "label" })).toEqual(["ein Hund"]);
    expect(await thrownBy(() => textCell(row, place))).toMatchObject({ details: { file: "f", row: 1, field: "number" } });
    expect(await thrownBy(() => textsCell(row, place))).toBeInstanceOf(DataError);
    expect(await thrownBy(() => textCell(row, { file: "f", column: "texts" }))).toBeInstanceOf(DataError);
  });
});

test("a stopped reading ends between two rows", async () => {
  const controller = new AbortController();
  const rows = readParquetRows(fixture("snappy"), { signal: controller.signal });
  await rows.next();
  controller.abort(new Error("stop"));
  await expect(rows.next()).rejects.toThrow("stop");
});
