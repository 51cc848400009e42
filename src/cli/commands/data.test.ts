import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeMadeUpPairs } from "../../../test/support/data/made-up-pairs.ts";
import { runPolyvec, runPolyvecJson } from "../../../test/support/run-polyvec.ts";
import { saveTinyBase } from "../../../test/support/training/tiny-run.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-data-"));
  await writeMadeUpPairs(join(root, "mmeb"));
  await saveTinyBase(root);
});
afterAll(() => rm(root, { recursive: true }));

describe("polyvec data check", () => {
  test("tells what is in each dataset of a folder", async () => {
    const { code, values } = await runPolyvecJson("data", "check", join(root, "mmeb"));
    expect(code).toBe(0);
    expect(values).toMatchObject([
      {
        datasets: [
          {
            name: "Captions",
            rows: 40,
            usable: 36,
            empty: { count: 4, examples: [{ row: 3, what: "the query is empty" }, { row: 13 }, { row: 23 }, { row: 33 }] },
            missingImages: { count: 0 },
            images: 8,
            duplicates: { count: 0 },
            sharedPositives: 28,
            hardNegatives: 0,
            lengths: { unit: "characters", positive: { count: 36, median: 8, longest: 8 } },
          },
          { name: "Words", rows: 30, usable: 30, hardNegatives: 30, sharedPositives: 0 },
        ],
      },
    ]);
  });

  test("prints it for people, and writes a page with pictures and the tokens of a model", async () => {
    const out = join(root, "report");
    const run = await runPolyvec(
      "data",
      "check",
      join(root, "mmeb"),
      "--model",
      join(root, "base"),
      "--out",
      out,
      "--datasets",
      "Captions",
    );
    expect(run.code).toBe(0);
    expect(run.out).toMatch(/dataset\s+rows\s+used.*query tokens[\s\S]*Captions\s+40\s+36\s+4\s+0\s+8/);
    expect(run.out).toMatch(/Captions: 4 empty rows.*\n {2}row 3: the query is empty/);
    const page = await readFile(join(out, "data-check.html"), "utf8");
    expect(page).toMatch(/<svg[^>]*aria-label="Histogram of lengths in tokens/);
    expect(JSON.parse(await readFile(join(out, "data-check.json"), "utf8"))).toMatchObject({ datasets: [{ name: "Captions" }] });
  });

  test("ends with 1 if a training would break, and says where", async () => {
    const file = join(root, "mine.jsonl");
    const good = { qry: "a", pos_text: "b" };
    const lines = [good, good, { qry: "<|image_1|> a", pos_text: "b" }, { qry: "c", pos_text: "d", pos_image_path: "none.png" }];
    await writeFile(file, lines.map((line) => JSON.stringify(line)).join("\n"));
    await appendFile(file, '\n{"qry": 1}\n{"qry": "e", "pos_text": "f", "pos_image_path": "../none.png"}\n');
    const { code, values, error } = await runPolyvecJson("data", "check", file);
    expect(code).toBe(1);
    expect(values).toMatchObject([
      {
        datasets: [
          {
            usable: 2,
            wrong: { count: 2, examples: [{ row: 2 }, { row: 4 }] },
            missingImages: {
              count: 2,
              examples: [
                { row: 3, what: "none.png" },
                { row: 5, what: "../none.png" },
              ],
            },
            duplicates: { count: 1, examples: [{ row: 1, what: "a" }] },
          },
        ],
      },
    ]);
    expect(error).toMatchObject({ code: "data", details: { datasets: ["mine"] } });
    expect((await runPolyvec("data", "check", file, "--rows", "2")).code).toBe(0);
  });

  test("refuses what is not there, and bad usage", async () => {
    expect((await runPolyvec("data", "check", join(root, "none"))).code).toBe(1);
    expect((await runPolyvec("data", "check")).code).toBe(2);
    expect((await runPolyvec("data", "chek", "x")).code).toBe(2);
    expect((await runPolyvec("data", "check", join(root, "mmeb"), "--split", "train")).err).toMatch(/there are the splits/);
    expect((await runPolyvec("data", "--help")).out).toMatch(/check/);
  });
});
