import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPairs } from "../../data/pairs/open-pairs.ts";
import { makePairTask, type PairTask } from "./pair-task.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "polyvec-pairs-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function taskOf(rows: readonly unknown[], limit?: number): Promise<PairTask> {
  const file = join(folder, "own.jsonl");
  await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  await using dataset = await openPairs({ name: "own", files: [file] });
  return await makePairTask(dataset, { open: (path) => path, seed: 0, limit });
}

/** The texts that a row chooses from, the right ones in capitals. */
function choices({ rows, items }: PairTask, row: number): string[] {
  const { candidates = [], positive, duplicates = [] } = rows[row] ?? {};
  return Array.from(candidates, (place, at) => {
    const text = items.candidate(place).text ?? "";
    return at === positive || duplicates.includes(at) ? text.toUpperCase() : text;
  }).toSorted();
}

test("a row chooses from its answers, its hard negatives, and other rows' answers that are none of its own", async () => {
  const task = await taskOf([
    { query: { text: "one" }, positive: [{ text: "a" }, { text: "b" }], hardNegatives: [{ text: "x" }] },
    { query: { text: "two" }, positive: { text: "c" }, positiveKey: "same" },
    { query: { text: "three" }, positive: { text: "d" }, positiveKey: "same" },
    { query: { text: "one" }, positive: { text: "e" }, hardNegatives: [{ text: "a" }] },
  ]);
  expect(choices(task, 0)).toEqual(["A", "B", "c", "d", "x"]);
  expect(choices(task, 1)).toEqual(["C", "a", "b", "e"].toSorted());
  expect(choices(task, 3)).toEqual(["E", "c", "d"].toSorted());
  expect(task.queries).toHaveLength(3);
  expect(task.labels).toEqual(["no key", "same", "same", "no key"]);
  expect(task.rows.map(({ query }) => query)).toEqual([0, 1, 2, 0]);
});

test("columns of MMEB are prompts; empty rows are counted, and only so many rows are read", async () => {
  const rows = [
    { qry: "<|image_1|>\nWhat is it?\n", qry_image_path: "a.png", pos_text: "cat" },
    { qry: "", pos_text: "nothing" },
    { qry: "What is this?", pos_text: "dog" },
    { qry: "And this?", pos_text: "bird" },
  ];
  const task = await taskOf(rows, 3);
  expect(task.emptyRows).toBe(1);
  expect(task.items.query(0)).toEqual({ name: null, text: "What is it?", instruction: null, image: "a.png" });
  expect(task.items.rowNumber?.(1)).toBe(2);
  expect(task.candidates).toHaveLength(2);
});

test("what gives no choice, or has no place for its image, is told with its file and row", async () => {
  await expect(taskOf([{ query: { text: "one" }, positive: { text: "a" } }])).rejects.toThrow(/own\.jsonl: no query has anything to choose from; give hard negatives/); // prettier-ignore
  const wrong = [
    { qry: "x", pos_text: "a" },
    { qry: "<|image_1|> <|image_2|>", qry_image_path: "a.png", pos_text: "b" },
  ];
  await expect(taskOf(wrong)).rejects.toThrow(/own\.jsonl, row 2: the text has 2 places for images/);
});
