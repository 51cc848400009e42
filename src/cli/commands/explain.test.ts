import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runPolyvec, runPolyvecJson } from "../../../test/support/run-polyvec.ts";
import { tinyModel, TINY_PATHS } from "../../../test/support/tiny-model.ts";
import { makeSyntheticCorpus } from "../../data/emoji/synthetic-corpus.ts";
import { loadModel } from "../../embed/load-model.ts";
import { parseExplanation } from "../../eval/explain/explanation-schema.ts";
import type { Explanation } from "../../eval/explain/explanation.ts";
import { saveModelFolder } from "../../model/folder/save-model-folder.ts";
import { watchEmoji } from "../explanation/explain-emoji.ts";
import { createProgress } from "../terminal/progress.ts";

const HOSTILE = `<script>alert("1")</script>`;
const ROWS = [
  { query: { image: "red.png", instruction: "What colour?" }, positive: { text: "red" }, positiveKey: "red" },
  { query: { image: "green.png" }, positive: { text: "green" }, hardNegatives: [{ text: HOSTILE }] },
  { query: { text: HOSTILE }, positive: { image: "red.png" }, hardNegatives: [{ image: "green.png" }] },
];

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "polyvec-explain-"));
  await saveModelFolder(join(folder, "model"), tinyModel());
  await saveModelFolder(join(folder, "one-path"), tinyModel({ paths: { ...TINY_PATHS, count: 1, aggregation: "mean" } }));
  for (const colour of ["red", "green"]) {
    const png = await sharp({ create: { width: 16, height: 16, channels: 3, background: colour } }).png().toBuffer(); // prettier-ignore
    await writeFile(join(folder, `${colour}.png`), png);
  }
  await writeFile(join(folder, "own.jsonl"), ROWS.map((row) => `${JSON.stringify(row)}\n`).join(""));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const own = (model: string, ...more: readonly string[]): string[] => ["explain", join(folder, model), "--queries", join(folder, "own.jsonl"), "--threads", "1", ...more]; // prettier-ignore

test("own queries are explained as JSON, as a page with pictures, and in the terminal", async () => {
  const out = join(folder, "out");
  const { code, values } = await runPolyvecJson(...own("model", "--out", out));
  expect(code).toBe(0);
  const { explanation } = values[0] as { explanation: Explanation };
  const written = parseExplanation(JSON.parse(await readFile(join(out, "explain.json"), "utf8")), "explain.json");
  expect({ ...written, cases: { ...written.cases, pictures: {} } }).toEqual(explanation);
  expect(written.views).toEqual(["aggregate", "path 0", "path 1", "path 2", "all", "maxSim"]);
  expect(written.tasks[0]?.queries.map(({ ranks }) => ranks.length)).toEqual([6, 6, 6]);
  expect(written.agreement?.rankCorrelation).toHaveLength(4);
  expect(written.tasks[0]?.weights?.queries.mean.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 3);
  const page = await readFile(join(out, "explain.html"), "utf8");
  expect(page).not.toMatch(/<script|\son[a-z]+=|https?:\/\/(?!www\.w3\.org)/i);
  expect(page).toContain("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;");
  expect(page).toMatch(/<img src="data:image\/webp;base64,/);
  const text = await runPolyvec(...own("model", "--subset", "2"));
  expect(text.out).toMatch(
    /Queries, % that are answered by +all paths +several paths +only path 0 [^]*rescued: the aggregate[^]*Precision at 1, %/,
  );
});

test("of one path only scores and misses are told", async () => {
  const { code, out } = await runPolyvec(...own("one-path", "--out", join(folder, "one")));
  expect(code).toBe(0);
  expect(out).toMatch(/^\S+one-path has one path, so there are no paths that agree or disagree\.[^]*Precision at 1, % +one vector/);
  expect(out).not.toContain("rescued");
  expect(await readFile(join(folder, "one", "explain.html"), "utf8")).toContain('<h2 id="cases-title">Failure cases</h2>');
});

test("emoji are watched task by task, with what each query is about", async () => {
  await using model = await loadModel(join(folder, "model"), { threads: 1 });
  const context = { progress: await createProgress({ stream: process.stderr, silent: true }), signal: new AbortController().signal };
  const options = { tasks: ["image-to-image", "grounding"], subset: 5, top: 2 } as const;
  const corpus = makeSyntheticCorpus({ concepts: 40 });
  const { tasks, what, open } = await watchEmoji(model, corpus, options, context);
  expect(what).toBe("emoji, validation");
  expect(tasks.map(({ name }) => name)).toContain("grounding/unseen");
  const [first] = tasks;
  expect(first?.queries.every(({ label, tops }) => label !== null && tops.every((top) => top.length === 2))).toBe(true);
  const image = first?.cases.cases[0]?.query.image ?? "";
  expect(await open(image, first?.name ?? "")).toMatchObject({ width: 32 });
});

test.each([
  [["--bench", "mmeb"], "--bench mmeb needs --data <folder>"],
  [["--bench", "emoji", "--queries", "x.jsonl"], "both --bench emoji and --queries x.jsonl are given; give one of them"],
  [["--data", "x"], "--data is for --bench mmeb, not for --bench emoji"],
  [["--queries", "x.jsonl", "--split", "test"], "--split is for --bench emoji, not for --queries"],
  [["--batch-size", "3"], "--batch-size is for --bench mmeb"],
  [["--tasks", "riddles"], 'got "riddles" where one of classification, text-to-image'],
  [["--top", "0"], 'got "0" where a whole number above 0 was expected'],
])("explain %j is told what is wrong", async (args, message) => {
  const { code, err } = await runPolyvec("explain", "m", ...args);
  expect([code, err]).toEqual([2, expect.stringContaining(message)]);
});

test("queries that are not there, or cannot be read, are named", async () => {
  const wrong = join(folder, "wrong.jsonl");
  await writeFile(wrong, `{"query": {"text": "a"}, "positive": {"text": "b"}, "hardNegative": []}\n`);
  const absent = await runPolyvec("explain", join(folder, "model"), "--queries", join(folder, "absent.jsonl"));
  expect([absent.code, absent.err]).toEqual([1, expect.stringContaining("absent.jsonl")]);
  const unknown = await runPolyvec("explain", join(folder, "model"), "--queries", wrong);
  expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('wrong.jsonl, row 1, field "hardNegative": there is no such field; did you mean "hardNegatives"?')]); // prettier-ignore
});
