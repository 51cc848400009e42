import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runPolyvec, runPolyvecJson } from "../../test/support/run-polyvec.ts";
import { tinyModel } from "../../test/support/tiny-model.ts";
import { saveModelFolder } from "../../src/model/folder/save-model-folder.ts";
import type { Explanation } from "../../src/eval/explain/explanation.ts";
import type { MmebReport } from "../../src/eval/mmeb/report/mmeb-report.ts";
import { writeMadeUpMmeb, type ExpectedScores } from "./made-up-mmeb.ts";

const ORACLE = fileURLToPath(new URL("colour-oracle.js", import.meta.url));

let folder = "";
let expected: ExpectedScores;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "polyvec-eval-mmeb-"));
  expected = await writeMadeUpMmeb(folder);
  await saveModelFolder(join(folder, "model"), tinyModel());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function command(layout: string, ...more: readonly string[]): string[] {
  const paths = ["--data", join(folder, layout), "--images", join(folder, "zips"), "--cache", join(folder, "cache")];
  return ["eval", "--bench", "mmeb", ...paths, ...more];
}

const reportIn = ({ values }: { values: unknown[] }): MmebReport => (values[0] as { report: MmebReport }).report;

test("a module is scored on all 36 datasets out of zips, exactly, and the report is written", async () => {
  const out = join(folder, "oracle");
  const result = await runPolyvecJson(...command("split", "--embedder", ORACLE, "--out", out));
  expect(result.code).toBe(0);
  const { datasets, views, notices } = reportIn(result);
  const planned = datasets.map(({ name }) => (expected.layouts.split[name]?.hits ?? 0) / (expected.layouts.split[name]?.queries ?? 0));
  expect(views[0]?.datasets.map(({ value }) => value)).toEqual(planned);
  expect(views[0]?.groups.all?.value).toBeCloseTo(planned.reduce((sum, score) => sum + score, 0) / 36, 14);
  expect(notices).toHaveLength(1); // what was left out
  expect(await readFile(join(out, "report.md"), "utf8")).toContain("| RefCOCO-Matching | VG OOD | 14 |");
  expect(JSON.parse(await readFile(join(out, "report.json"), "utf8"))).toMatchObject({ format: "polyvec-mmeb-report" });
}, 120_000);

test("a model of several paths is scored in all views, embedded by two shards, and compared with itself", async () => {
  const model = join(folder, "model");
  const some = ["--datasets", "CIRR,GQA,MSCOCO_t2i", "--threads", "1"];
  for (const shard of ["1/2", "2/2"]) {
    const { code, values } = await runPolyvecJson(...command("v1", model, ...some, "--shard", shard));
    expect([code, values[0]]).toMatchObject([0, { shard, cached: 0 }]);
  }
  const out = join(folder, "tiny");
  const result = await runPolyvecJson(...command("v1", model, ...some, "--out", out));
  expect(result.values[0]).toMatchObject({ counts: { computed: 0 }, reused: [] });
  const { views, notices, embeddingFlops } = reportIn(result);
  expect(views.map(({ view }) => view)).toEqual(["aggregate", "path 0", "path 1", "path 2", "all", "maxSim", "oracle"]);
  expect(notices[0]).toContain("Only 3 of MMEB's 36 datasets are scored");
  expect(embeddingFlops?.all).toBeGreaterThan(embeddingFlops?.single ?? Infinity);

  const compared = await runPolyvecJson("compare", out, `${out}@all`, "--out", join(folder, "compared"));
  expect(compared.code).toBe(0);
  expect(compared.values[0]).toMatchObject({ comparison: { reference: { view: "aggregate" }, runs: [{ run: { view: "all" } }] } });
  expect((await runPolyvec("compare", out, `${out}@path-2`)).out).toMatch(/Won \/ lost/);

  const page = await readFile(join(out, "report.html"), "utf8");
  expect(page).toMatch(/<h2 id="cases-title">Failure cases<\/h2>[^]*<img src="data:image\/webp;base64,/);
  const [, ...rest] = command("v1", model, ...some);
  const explained = await runPolyvecJson("explain", ...rest);
  const { explanation } = explained.values[0] as { explanation: Explanation };
  expect(explanation.tasks.map(({ name }) => name)).toEqual(["GQA", "CIRR", "MSCOCO_t2i"]);
  const scored = Object.fromEntries(reportIn(result).datasets.map(({ name }, place) => [name, views.map(({ datasets }) => datasets[place]?.value)])); // prettier-ignore
  for (const { name, summary } of explanation.tasks) {
    expect(summary.precision.map(({ value }) => value)).toEqual(scored[name]?.slice(0, -1));
    expect(summary.gap?.oracle.value).toBe(scored[name]?.at(-1));
  }
});

test("what is missing or too much is a wrong usage", async () => {
  const failures = [
    await runPolyvec("eval", "--bench", "mmeb"),
    await runPolyvec("eval", "--bench", "mmeb", "--data", folder),
    await runPolyvec(...command("v1", join(folder, "model"), "--embedder", ORACLE)),
    await runPolyvec(...command("v1", "--shard", "3/2")),
  ];
  expect(failures.map(({ code }) => code)).toEqual([2, 2, 2, 2]);
  expect(failures.map(({ err }) => err).join("\n")).toMatch(/--data <folder>[^]*--images <path>[^]*give one of them[^]*such as 1\/4/);
  const wrong = await runPolyvec(...command("v1", "--embedder", ORACLE, "--datasets", "Imagenet-1K"));
  expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining("did you mean ImageNet-1K?")]);
});
