import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { fileWriter, ParquetWriter } from "hyparquet-writer";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const READER = new URL("read-parquet.ts", import.meta.url).pathname;
let folder = "";
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "polyvec-memory-"))));
afterAll(() => rm(folder, { recursive: true }));

/** Writes one row group of that many rows with about 1,000 characters each. */
async function write(rows: number): Promise<string> {
  const file = join(folder, `${rows}.parquet`);
  const filling = "a question about a picture, and more of it ".repeat(11);
  const column = (name: string): { name: string; data: string[]; type: "STRING" } => ({
    name,
    data: Array.from({ length: rows }, (_, at) => `${name} ${at} ${filling}`),
    type: "STRING",
  });
  const columnData = [column("qry"), column("pos_text")];
  const schema = [
    { name: "root", num_children: 2 },
    ...columnData.map(({ name }) => ({
      name,
      type: "BYTE_ARRAY" as const,
      converted_type: "UTF8" as const,
      repetition_type: "REQUIRED" as const,
    })),
  ];
  const writer = new ParquetWriter({ writer: fileWriter(file), schema, statistics: false });
  await writer.write({ columnData, rowGroupSize: rows });
  await writer.finish();
  return file;
}

/** Reads it in a process of its own whose heap may hold 64 MB. */
async function read(file: string): Promise<{ rows: number; characters: number; peakMegabytes: number }> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--max-old-space-size=64", "--import", "tsx", READER, file]);
  return JSON.parse(stdout) as { rows: number; characters: number; peakMegabytes: number };
}

test("a row group that is many times the heap is read in little memory", async () => {
  const { rows, characters, peakMegabytes } = await read(await write(200_000));
  expect(rows).toBe(200_000);
  expect(characters).toBeGreaterThan(190e6);
  expect(peakMegabytes).toBeLessThan(320); // of 3 GB in row groups of 100,000 rows it is 210 to 240
});
