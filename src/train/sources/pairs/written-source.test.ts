import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { thrownBy } from "../../../../test/support/thrown-by.ts";
import { openPairs } from "../../../data/pairs/open-pairs.ts";
import type { PromptInput } from "../../../inputs/embedding-input.ts";
import type { BatchSource, ContrastiveBatch } from "../../batch-source.ts";
import { writtenSource } from "./written-source.ts";

let root = "";
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), "polyvec-written-"))));
afterAll(() => rm(root, { recursive: true }));

type Line = Readonly<Record<string, unknown>>;

/** Opens datasets of such lines. */
async function open(datasets: Readonly<Record<string, readonly Line[]>>, batchSize = 4): Promise<BatchSource> {
  const opened = Object.entries(datasets).map(async ([name, lines]) => {
    const file = join(root, `${name}.jsonl`);
    await writeFile(file, lines.map((line) => JSON.stringify(line)).join("\n"));
    return openPairs({ name, files: [file] });
  });
  const options = { seed: 1, hardNegatives: 1, maskSameImage: false, openImage: (path: string) => path };
  return writtenSource({ ...options, batchSize, datasets: await Promise.all(opened) });
}

const line = (qry: string, batch: number | undefined, more: Line = {}): Line => ({ qry, pos_text: `of ${qry}`, batch, ...more });
const draw = async (source: BatchSource, step: number): Promise<ContrastiveBatch> => (await source.batch(step)) as ContrastiveBatch;
const textsOf = (inputs: readonly PromptInput[]): string[] =>
  inputs.map((input) => ("prompt" in input ? input.prompt : (input.text ?? "")));

test("batches hold their rows as they stand, of any number and of several datasets, and begin anew behind the last", async () => {
  const source = await open({
    one: [line("a", 0), line("b", 0), line("c", 2, { neg_text: "not c" }), line("", 2), line("d", 2)],
    two: [line("e", 1), line("f", 2)],
  });
  const batches = await Promise.all([0, 1, 2, 3, 1_000_000_001].map((step) => draw(source, step)));
  expect(batches.map(({ queries }) => textsOf(queries))).toEqual([["a", "b"], ["e"], ["c", "d", "f"], ["a", "b"], ["c", "d", "f"]]);
  expect(batches.map(({ task }) => task)).toEqual(["one", "two", "one+two", "one", "one+two"]);
  expect(textsOf(batches[2]?.targets ?? [])).toEqual(["of c", "of d", "of f", "not c"]);
});

test("where all rows of a batch have keys nothing else is taken for the same; otherwise what is the same is", async () => {
  const alike = { pos_text: "same", neg_text: "same" };
  const source = await open({
    keyed: [
      line("a", 0, { ...alike, positive_key: "1" }),
      line("b", 0, { ...alike, positive_key: "2" }),
      line("a", 0, { positive_key: "1" }),
    ],
    plain: [line("a", 1, alike), line("b", 1, alike)],
  });
  const same = async (step: number): Promise<number[]> => (await draw(source, step)).targetKeys.map((key, _, keys) => keys.indexOf(key));
  expect(await same(0)).toEqual([0, 1, 0, 3, 4]);
  expect(await same(1)).toEqual([0, 0, 0, 0]);
});

test.each([
  ["no number", [line("a", 0), line("b", undefined)], /row 1: it has no number/],
  ["a batch that is apart", [line("a", 0), line("b", 1), line("c", 0)], /row 2: batch 0 begins at row 0 and goes on elsewhere/],
  ["a gap", [line("a", 0), line("b", 2), line("c", 2)], /no batch 1, but there is batch 2/],
  ["a number beyond all", [line("a", 1e9)], /of batch 1000000000, but there are only 1 rows/],
  ["more rows than a batch may have", [line("a", 0), line("b", 0), line("c", 0)], /more rows than data.batchSize, 2/],
])("data with %s is refused", async (_, lines, message) => {
  const error = await thrownBy(() => open({ wrong: lines }, 2));
  expect(error).toMatchObject({ code: "data", details: { field: "batch" }, message: expect.stringMatching(message) as string });
});

test("a batch of empty rows is refused when it comes", async () => {
  const source = await open({ empty: [line("a", 0), line("", 1)] });
  expect(await thrownBy(() => draw(source, 1))).toMatchObject({ code: "data", details: { row: 1, field: "batch" } });
});
