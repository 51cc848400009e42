import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DataError, FileError } from "../errors/families.ts";
import { readExamples, readTrainingExamples, type ExampleRow } from "./examples.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "polyvec-examples-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function collect<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

function readAll(text: string): Promise<ExampleRow[]> {
  return collect(readExamples({ lines: text.split("\n"), name: "inputs.jsonl", folder: "/data" }));
}

async function failure(reading: Promise<unknown>): Promise<DataError> {
  const error: unknown = await reading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DataError);
  return error as DataError;
}

describe("readExamples", () => {
  test("reads text, images and instructions; ids default to the row", async () => {
    const text =
      '\uFEFF{"text":"a cat"}\n\n{"id":7,"image":"cat.png","instruction":"Find it."}\n{"id":"x","text":"b","image":"/a/b.png"}\n';
    expect(await readAll(text)).toEqual([
      { row: 1, id: "1", input: { text: "a cat" } },
      { row: 3, id: "7", input: { image: "/data/cat.png", instruction: "Find it." } },
      { row: 4, id: "x", input: { text: "b", image: "/a/b.png" } },
    ]);
  });

  test("resolves image paths from the file's folder, with any line ending", async () => {
    const file = join(folder, "inputs.jsonl");
    await writeFile(file, '{"image":"pictures/a.png"}\r\n{"text":"b"}');
    const rows = await collect(readExamples(file));
    expect(rows.map((row) => row.input)).toEqual([{ image: join(folder, "pictures", "a.png") }, { text: "b" }]);
  });

  test.each([
    ['{"text":"a"}\n{"text":', 2, null, "it is not JSON"],
    ['{"text":1}', 1, "text", "expected string"],
    ['{"text":"  "}', 1, "text", "it is empty"],
    ['{"instruction":"Find it."}', 1, null, "neither text nor image"],
    ['{"txt":"a"}', 1, "txt", 'did you mean "text"?'],
    ["[1]", 1, null, "expected object"],
  ])("names file, row and field: %s", async (text, row, field, problem) => {
    const error = await failure(readAll(text));
    expect(error.details).toEqual({ file: "inputs.jsonl", row, field });
    expect(error.message).toContain(problem);
  });

  test("leaves wrong rows out and reports them if asked to", async () => {
    const errors: DataError[] = [];
    const source = { lines: ['{"text":"a"}', "?", '{"text":"c"}'], name: "inputs.jsonl", folder };
    const rows = await collect(readExamples(source, { onBadRow: (error) => errors.push(error) }));
    expect(rows.map((row) => row.id)).toEqual(["1", "3"]);
    expect(errors.map((error) => error.details["row"])).toEqual([2]);
  });

  test("names a missing file", async () => {
    await expect(collect(readExamples(join(folder, "gone.jsonl")))).rejects.toBeInstanceOf(FileError);
  });

  test("whatever a line holds, it is read or refused with a DataError", async () => {
    const line = fc.oneof(
      fc.string(),
      fc.json(),
      fc.record({ text: fc.string() }).map((row) => JSON.stringify(row)),
    );
    await fc.assert(
      fc.asyncProperty(line, async (text) => {
        const oneLine = text.replaceAll(/[\n\r]/g, " ");
        const error: unknown = await readAll(oneLine).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error === undefined || error instanceof DataError).toBe(true);
      }),
    );
  });
});

describe("readTrainingExamples", () => {
  test("reads queries, positives and hard negatives", async () => {
    const line =
      '{"query":{"image":"q.png","instruction":"Find it."},"positive":{"text":"cat"},"hardNegatives":[{"text":"dog"}],"positiveKey":3}';
    const rows = await collect(
      readTrainingExamples({ lines: [line, '{"query":{"text":"a"},"positive":{"text":"b"}}'], name: "t", folder: "/d" }),
    );
    expect(rows).toEqual([
      {
        row: 1,
        id: "1",
        query: { image: "/d/q.png", instruction: "Find it." },
        positive: { text: "cat" },
        hardNegatives: [{ text: "dog" }],
        positiveKey: "3",
      },
      { row: 2, id: "2", query: { text: "a" }, positive: { text: "b" }, hardNegatives: [], positiveKey: "row 2" },
    ]);
  });

  test("names the field within the row", async () => {
    const read = (line: string): Promise<unknown> => collect(readTrainingExamples({ lines: [line], name: "t", folder }));
    expect((await failure(read('{"query":{"text":"a"}}'))).details).toMatchObject({ row: 1, field: "positive" });
    const nested = '{"query":{"text":"a"},"positive":{"text":"b"},"hardNegatives":[{"text":"c"},{"image":4}]}';
    expect((await failure(read(nested))).details).toMatchObject({ field: "hardNegatives.1.image" });
  });
});
