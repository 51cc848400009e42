import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeMadeUpPairs } from "../../../test/support/data/made-up-pairs.ts";
import { runPolyvec, runPolyvecJson } from "../../../test/support/run-polyvec.ts";
import { saveTinyBase } from "../../../test/support/training/tiny-run.ts";
import { openImageStore } from "../../data/image-store/image-store.ts";
import { readParquetRows } from "../../data/parquet/read-rows.ts";
import { loadModel } from "../../embed/load-model.ts";

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

describe("polyvec data mine", () => {
  test("finds the most alike targets that are no answers, and writes them as columns that train reads", async () => {
    const out = join(root, "mined");
    const model = join(root, "base");
    const run = await runPolyvecJson(
      "data",
      "mine",
      model,
      join(root, "mmeb"),
      "--out",
      out,
      "--count",
      "2",
      "--margin",
      "-2",
      "--threads",
      "1",
    );
    expect([run.code, run.error]).toEqual([0, undefined]);
    const [captions, words] = [
      { name: "Captions", rows: 36, hardNegatives: 2, tooNear: 0 },
      { name: "Words", rows: 30, hardNegatives: 3 },
    ];
    expect(run.values).toMatchObject([{ datasets: [captions, words] }]);
    const rows: Record<string, unknown>[] = [];
    for await (const { values } of readParquetRows(join(out, "Captions/original-00000-of-00001.parquet"))) rows.push(values);
    await using embedder = await loadModel(model, { threads: 1 });
    await using images = await openImageStore(join(root, "mmeb"));
    const prompt = "<|image_1|>\nWhat colour is number 4?\n";
    const placeholder = { imagePlaceholder: "<|image_1|>" };
    const [query] = await embedder.embed([{ prompt, images: [images.image("images/Captions/Train/4.png")], ...placeholder }]);
    const targets = await embedder.embed(Array.from({ length: 8 }, (_, at) => ({ prompt: `colour ${at}`, ...placeholder })));
    const cosine = (vector: Float32Array): number => vector.reduce((sum, value, at) => sum + value * (query?.aggregate[at] ?? 0), 0);
    const others = targets.map(({ aggregate }, at) => ({ at, score: cosine(aggregate) })).filter(({ at }) => at !== 4);
    const best = others.sort((left, right) => right.score - left.score).slice(0, 2);
    expect(rows.find(({ qry }) => qry === prompt)).toMatchObject({
      qry_image_path: "images/Captions/Train/4.png",
      pos_text: "colour 4",
      neg_text: best.map(({ at }) => `colour ${at}`),
    });
    const check = await runPolyvecJson("data", "check", out, "--images", join(root, "mmeb"));
    expect(check).toMatchObject({ code: 0, values: [{ datasets: [{ hardNegatives: 72 }, { hardNegatives: 90 }] }] });
  });

  test("leaves out what is within the margin, and writes JSON lines where the columns do not hold a row", async () => {
    const file = join(root, "own.jsonl");
    const positive = (at: number): object[] => [{ text: `cat ${at}` }, { text: `dog ${at}` }];
    const rows = Array.from({ length: 6 }, (_, at) => ({ query: { text: `find ${at}` }, positive: positive(at), positiveKey: at % 3 }));
    await writeFile(file, rows.map((row) => JSON.stringify(row)).join("\n"));
    const mine = async (margin: string): Promise<string[][]> => {
      const out = join(root, `own${margin}`);
      const run = await runPolyvec(
        "data",
        "mine",
        join(root, "base"),
        file,
        "--out",
        out,
        "--margin",
        margin,
        "--count",
        "20",
        "--threads",
        "1",
      );
      expect([run.code, run.out.includes("own ")]).toEqual([0, true]);
      const lines = (await readFile(join(out, "own/original.jsonl"), "utf8")).trim().split("\n");
      return lines.map((line) => (JSON.parse(line) as { hardNegatives: { text: string }[] }).hardNegatives.map(({ text }) => text));
    };
    const all = await mine("-2");
    expect(all.map(({ length }) => length)).toEqual([8, 8, 8, 8, 8, 8]);
    expect(all[0]?.filter((text) => /[03]$/.test(text))).toEqual([]);
    expect((await mine("2")).flat()).toEqual([]);
  });

  test("refuses bad usage", async () => {
    expect((await runPolyvec("data", "mine", "a", "b")).code).toBe(2);
    expect((await runPolyvec("data", "mine", "a", "b", "--out", "c", "--margin", "x")).code).toBe(2);
  });
});
