import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { runPolyvec, runPolyvecJson } from "../../test/support/run-polyvec.ts";
import { tinyModel } from "../../test/support/tiny-model.ts";
import type { ReferenceManifest } from "../../src/eval/mmeb/reference/reference-manifest.ts";
import type { ReferenceEmbeddings } from "../../src/eval/mmeb/reference/write-reference.ts";
import { saveModelFolder } from "../../src/model/folder/save-model-folder.ts";
import { writeMadeUpMmeb } from "./made-up-mmeb.ts";

vi.setConfig({ testTimeout: 120_000 });

const ORACLE = fileURLToPath(new URL("colour-oracle.js", import.meta.url));
/** Of the tiny model. */
const [WIDTH, PATHS] = [32, 3];

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "polyvec-embed-bench-"));
  await writeMadeUpMmeb(folder);
  await saveModelFolder(join(folder, "model"), tinyModel());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function command(layout: string, output: string, ...more: readonly string[]): string[] {
  const paths = ["--images", join(folder, "zips"), "--cache", join(folder, "cache"), "--output", join(folder, output)];
  return ["embed", "--bench", join(folder, layout), ...paths, ...more];
}

const TINY = ["--datasets", "GQA,RefCOCO-Matching", "--threads", "1"];
const writtenBy = ({ values }: { values: unknown[] }): ReferenceEmbeddings => values[0] as ReferenceEmbeddings;

/** The numbers of a pickle's only array. */
async function numbersOf(file: string): Promise<Float32Array> {
  const bytes = await readFile(file);
  const at = bytes.indexOf(Buffer.from([0x89, 0x8e])) + 2; // not in Fortran's order; bytes follow
  const size = Number(bytes.readBigUInt64LE(at));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset + at + 8, bytes.byteOffset + at + 8 + size));
}

test("files are written once, of every row, in the form that the data asks for", async () => {
  for (const [layout, files] of [
    ["split", ["GQA_tgt", "GQA_info.jsonl", "GQA_qry"]],
    ["v1", ["GQA_qry", "GQA_tgt"]],
  ] as const) {
    const all = [...TINY, "--model", join(folder, "model"), "--paths", "all"];
    const first = await runPolyvecJson(...command(layout, layout, ...all));
    expect(first.error).toBeUndefined();
    const { datasets, reused } = writtenBy(first);
    expect([reused, datasets.map((each) => [each.dataset, each.runner, each.vectors, each.dimensions])]).toEqual([
      [],
      ["GQA", "RefCOCO-Matching"].map((name) => [name, layout === "v1" ? "v1" : "main", "all", PATHS * WIDTH]),
    ]);
    expect(datasets[0]?.files?.map(({ name }) => name)).toEqual(files);
    const file = join(folder, layout, "GQA_qry");
    const numbers = await numbersOf(file);
    expect(numbers).toHaveLength(datasets.map(({ queries }) => queries * PATHS * WIDTH)[0] ?? 0);
    for (let row = 0; row < numbers.length; row += PATHS * WIDTH)
      expect(Math.hypot(...numbers.subarray(row, row + PATHS * WIDTH))).toBeCloseTo(1, 5);

    const { mtimeMs } = await stat(file);
    const again = writtenBy(await runPolyvecJson(...command(layout, layout, ...all)));
    expect([again.reused, again.datasets]).toEqual([["GQA", "RefCOCO-Matching"], datasets]);
    expect((await stat(file)).mtimeMs).toBe(mtimeMs);
  }
  const infos = (await readFile(join(folder, "split", "RefCOCO-Matching_info.jsonl"), "utf8")).trimEnd().split("\n");
  const { cand_names: names, label_name: label } = JSON.parse(infos[0] ?? "") as { cand_names: string[]; label_name: string };
  expect(label).toBe(names[0]);
  expect(label).toMatch(/\.png:[^"]/); // path and caption, without its quotes
});

test("one path has its own numbers; inputs without an embedding are counted and far from the queries", async () => {
  const model = ["--model", join(folder, "model"), ...TINY];
  const first = await runPolyvecJson(...command("split", "path-1", ...model, "--paths", "single", "--path", "1"));
  expect(writtenBy(first).datasets[0]).toMatchObject({ vectors: "path 1", dimensions: WIDTH, withoutEmbedding: 2 });
  const [one, all] = [await numbersOf(join(folder, "path-1", "GQA_qry")), await numbersOf(join(folder, "split", "GQA_qry"))];
  const rows = one.length / WIDTH;
  const empty = [...Array(rows).keys()].filter((row) => !one.subarray(row * WIDTH, (row + 1) * WIDTH).every((value, at) => Math.abs(value - Math.sqrt(PATHS) * (all[(row * PATHS + 1) * WIDTH + at] ?? 0)) < 1e-5)); // prettier-ignore
  expect(empty).toHaveLength(1);
  const [missing = 0] = empty;
  const far = one.subarray(missing * WIDTH, (missing + 1) * WIDTH);
  let sum = 0;
  for (let at = 0; at < one.length; at++) if (Math.floor(at / WIDTH) !== missing) sum += (one[at] ?? 0) * (far[at % WIDTH] ?? 0);
  expect(sum).toBeLessThan(0);
  const none = await runPolyvecJson(...command("split", "path-9", ...model, "--paths", "single", "--path", "9"));
  expect(none.error).toMatchObject({ code: "data", message: "there is no path 9: the model has 3" });
});

test("what was cut off is written anew; what was made otherwise, or is scored already, is an error", async () => {
  const oracle = ["--embedder", ORACLE, "--datasets", "NIGHTS"];
  expect((await runPolyvecJson(...command("v1", "oracle", ...oracle))).error).toBeUndefined();
  const manifest = join(folder, "oracle", "NIGHTS_polyvec.json");
  const done = JSON.parse(await readFile(manifest, "utf8")) as ReferenceManifest;
  await writeFile(manifest, JSON.stringify({ ...done, files: null }));
  const resumed = writtenBy(await runPolyvecJson(...command("v1", "oracle", ...oracle)));
  expect([resumed.reused, resumed.counts.computed, resumed.datasets]).toEqual([[], 0, [done]]);

  const other = await runPolyvecJson(...command("v1", "oracle", ...oracle, "--subset", "3"));
  expect(other.error).toMatchObject({
    code: "data",
    message: expect.stringMatching(/NIGHTS that were made otherwise.*--output/) as string,
  });
  await rm(join(folder, "oracle", "NIGHTS_qry"));
  await writeFile(join(folder, "oracle", "NIGHTS_score.json"), "{}");
  const scored = await runPolyvecJson(...command("v1", "oracle", ...oracle));
  expect(scored.error).toMatchObject({ code: "data", message: expect.stringMatching(/NIGHTS_score\.json.*remove it/) as string });
  const text = await runPolyvec(...command("v1", "table", ...oracle));
  expect(text.out).toMatch(/NIGHTS +v1 +15 +25 +24 +2 +0\n/);
});

test.each([
  [["embed", "--images", "x", "cat"], /--images goes with --bench/],
  [["embed", "--bench", "x", "--images", "y"], /name their folder with --output/],
  [["embed", "--bench", "x", "--output", "y"], /needs --images/],
  [["embed", "--bench", "x", "--output", "y", "--images", "z", "--paths", "none"], /--paths none/],
  [["embed", "--bench", "x", "--output", "y", "--images", "z", "--path", "1"], /--path goes with --paths single/],
  [["embed", "--bench", "x", "--output", "y", "--images", "z", "--instruction", "find"], /--instruction is not for --bench/],
  [["embed", "cat", "--bench", "x", "--output", "y", "--images", "z"], /leave the others out/],
])("%j is bad usage", async (args, message) => {
  const { code, err } = await runPolyvec(...args);
  expect(code).toBe(2);
  expect(err).toMatch(message);
});
