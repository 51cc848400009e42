import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeMadeUpPairs, writePairs } from "../../../test/support/data/made-up-pairs.ts";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { DataError, FileError } from "../../errors/families.ts";
import { findPairs, openPairs } from "./open-pairs.ts";
import { readPairCells } from "./pair-columns.ts";
import type { PairDataset } from "./pair-dataset.ts";
import { toPromptInput } from "./pair-input.ts";
import { isEmptyRow, sideKey, type PairRow } from "./pair-row.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-pairs-"));
  await writeMadeUpPairs(join(root, "mmeb"));
});
afterAll(() => rm(root, { recursive: true }));

async function collect(dataset: PairDataset, from: number, count: number): Promise<PairRow[]> {
  const rows: PairRow[] = [];
  for await (const row of dataset.read(from, count)) rows.push(row);
  return rows;
}

const refused = (column: string, problem: string): DataError => new DataError({ message: `${column}: ${problem}`, details: { column } });

describe("the datasets of a folder in MMEB's layout", () => {
  test("are found by split and name", async () => {
    const folder = join(root, "mmeb");
    const all = await findPairs(folder, { split: "original" });
    expect(all.map(({ name, files }) => [name, files.length])).toEqual([
      ["Captions", 2],
      ["Words", 1],
    ]);
    expect((await findPairs(folder, { split: "diverse_instruction" })).map(({ name }) => name)).toEqual(["Words"]);
    expect((await findPairs(join(folder, "Words"), { split: "original" })).map(({ name }) => name)).toEqual(["Words"]);
    const file = join(folder, "Words/original-00000-of-00001.parquet");
    expect(await findPairs(file, { split: "original" })).toEqual([{ name: "original-00000-of-00001", files: [file] }]);
  });

  test("that are not there are told, with those that are", async () => {
    const folder = join(root, "mmeb");
    const message = async (action: () => unknown): Promise<string> => ((await thrownBy(action)) as DataError).message;
    expect(await message(() => findPairs(folder, { split: "original", datasets: ["Wrods"] }))).toMatch(
      /did you mean Words.*Captions, Words/,
    );
    expect(await message(() => findPairs(folder, { split: "train" }))).toMatch(/there are the splits diverse_instruction, original/);
    expect(await thrownBy(() => findPairs(join(root, "none"), { split: "original" }))).toBeInstanceOf(FileError);
    await mkdir(join(root, "half/A"), { recursive: true });
    await writePairs(join(root, "half/A/original-00000-of-00003.parquet"), []);
    expect(await message(() => findPairs(join(root, "half"), { split: "original" }))).toMatch(/1 of the 3 shards/);
  });

  test("are read from any row on, over the shards", async () => {
    const [files] = await findPairs(join(root, "mmeb"), { split: "original" });
    if (files === undefined) throw new Error("nothing found");
    await using dataset = await openPairs(files);
    expect(dataset.rows).toBe(40);
    const all = await collect(dataset, 0, 100);
    expect(all.map(({ row }) => row)).toEqual(Array.from({ length: 40 }, (_, at) => at));
    for (const from of [0, 9, 24, 25, 26, 39]) expect(await collect(dataset, from, 5)).toEqual(all.slice(from, from + 5));
    expect(all.filter(isEmptyRow).map(({ row }) => row)).toEqual([3, 13, 23, 33]);
    expect(all[1]).toEqual({
      row: 1,
      query: { text: "<|image_1|>\nWhat colour is number 1?\n", images: ["images/Captions/Train/1.png"] },
      positives: [{ text: "colour 1", images: [] }],
      hardNegatives: [],
    });
  });
});

describe("JSON lines", () => {
  const open = async (name: string, lines: readonly unknown[]): Promise<PairDataset> => {
    const file = join(root, `${name}.jsonl`);
    await writeFile(file, lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"));
    return openPairs({ name, files: [file] });
  };

  test("of MMEB's columns and of one's own, some empty, are read from any row on", async () => {
    const lines = [
      { qry: "ä", pos_text: ["a", "b"], pos_image_path: ["", ["1.png", "2.png"]], neg_text: ["x", ""] },
      "",
      {
        query: { text: "q", instruction: "i" },
        positive: [{ text: "p" }, { image: "p.png" }],
        hardNegatives: [{ text: "n" }],
        positiveKey: 7,
      },
      { qry: "<|image_1|>", qry_image_path: "1.png", pos_text: "c" },
    ];
    await using dataset = await open("mixed", lines);
    const all = await collect(dataset, 0, 10);
    expect(all.map(isEmptyRow)).toEqual([false, true, false, false]);
    expect(all[0]).toMatchObject({ positives: [{ text: "a" }, { text: "b", images: ["1.png", "2.png"] }], hardNegatives: [{ text: "x" }] });
    expect(all[2]).toEqual({
      row: 2,
      query: { text: "q", images: [], parts: { instruction: "i" } },
      positives: [
        { text: "p", images: [], parts: { instruction: "" } },
        { text: "", images: ["p.png"], parts: { instruction: "" } },
      ],
      hardNegatives: [{ text: "n", images: [], parts: { instruction: "" } }],
      positiveKey: "7",
    });
    for (const from of [0, 1, 2, 3, 4]) expect(await collect(dataset, from, 2)).toEqual(all.slice(from, from + 2));
  });

  test.each([
    ['{"qry": "a"', null, /not JSON/],
    ['{"qry": "a", "pos_txt": "b"}', "pos_txt", /did you mean "pos_text"/],
    ['{"qry": 1, "pos_text": "b"}', "qry", /a number, expected a text/],
    ['{"query": {"text": "a"}}', "positive", /.*/],
    ['{"query": {"txt": "a"}, "positive": {"text": "b"}}', "query.txt", /no such field/],
    ["[]", null, /expected an object/],
  ])("what is wrong is told with its row: %s", async (line, field, message) => {
    await using dataset = await open("wrong", [{ qry: "a", pos_text: "b" }, line]);
    const error = await thrownBy(() => collect(dataset, 0, 5));
    expect(error).toMatchObject({ code: "data", details: { row: 2, field }, message: expect.stringMatching(message) as string });
  });
});

test("instructions that are split off make sides in parts, and batches are numbered", async () => {
  const cells = { qry: "q", qry_inst: "find", pos_text: ["a", "b"], neg_text: "n", neg_image_path: "n.png", neg_inst: null, batch: 3n };
  expect(readPairCells(5, cells, refused)).toEqual({
    row: 5,
    query: { text: "q", images: [], parts: { instruction: "find" } },
    positives: ["a", "b"].map((text) => ({ text, images: [], parts: { instruction: "" } })),
    hardNegatives: [{ text: "n", images: ["n.png"], parts: { instruction: "" } }],
    batch: 3,
  });
  expect(readPairCells(5, { ...cells, qry_inst: null, batch: null }, refused)).not.toHaveProperty("query.parts");
  const several = { ...cells, qry_image_path: ["1", "2"] };
  expect(await thrownBy(() => readPairCells(0, several, refused))).toMatchObject({ details: { column: "qry_inst" } });
  for (const batch of [-1, 1.5, "1"])
    expect(await thrownBy(() => readPairCells(0, { ...cells, batch }, refused))).toMatchObject({ details: { column: "batch" } });
});

test("lists that do not fit each other are refused", async () => {
  const wrong = { qry: "a", pos_text: ["a", "b"], pos_image_path: ["1"] };
  expect(await thrownBy(() => readPairCells(0, wrong, refused))).toMatchObject({ details: { column: "pos_image_path" } });
  expect(await thrownBy(() => readPairCells(0, { ...wrong, pos_image_path: "1" }, refused))).toBeInstanceOf(DataError);
  expect(await thrownBy(() => readPairCells(0, { qry: "a", pos_text: [1] }, refused))).toBeInstanceOf(DataError);
  expect(await thrownBy(() => readPairCells(0, { qry: "a", pos_text: "a", pos_image_path: 3 }, refused))).toBeInstanceOf(DataError);
});

describe("a side as a model takes it", () => {
  const open = (path: string): string => `/images/${path}`;
  const prompt = (text: string, images: readonly string[]): unknown => toPromptInput({ text, images }, open, "row");

  test.each([
    ["<|image_1|>\nWhat?\n", ["a"], "<|image_1|>\nWhat?\n", ["/images/a"]],
    ["a cat", [], "a cat", []],
    ["see", ["a", "b"], "<|image_1|> <|image_1|> see", ["/images/a", "/images/b"]],
    ["", ["a"], "<|image_1|>", ["/images/a"]],
    ["<|image_2|> and <|image_1|>", ["a", "b"], "<|image_1|> and <|image_1|>", ["/images/b", "/images/a"]],
  ])("%j with %j", (text, images, expected, opened) => {
    expect(prompt(text, images)).toEqual({ prompt: expected, images: opened, imagePlaceholder: "<|image_1|>" });
  });

  test.each([
    ["<|image_1|> a", []],
    ["<|image_1|> a", ["a", "b"]],
    ["<|image_3|> <|image_1|>", ["a", "b"]],
  ])("%j with %j is refused", async (text, images) => {
    expect(await thrownBy(() => prompt(text, images))).toBeInstanceOf(DataError);
  });

  test("in parts is left to the model's template", () => {
    const side = { text: "t", images: ["a"], parts: { instruction: "i" } };
    expect(toPromptInput(side, open, "row")).toEqual({ text: "t", image: "/images/a", instruction: "i" });
  });
});

test("sides of the same words and images are the same, blanks apart", () => {
  expect(sideKey({ text: " a  cat\n", images: [] })).toBe(sideKey({ text: "a cat", images: [] }));
  expect(sideKey({ text: "a cat", images: ["1"] })).not.toBe(sideKey({ text: "a cat", images: ["2"] }));
});
