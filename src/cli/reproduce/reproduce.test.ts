import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { startHub } from "../../../test/support/hub-server.ts";
import { tinyModel } from "../../../test/support/tiny-model.ts";
import { makeSyntheticCorpus } from "../../data/emoji/synthetic-corpus.ts";
import { readReport } from "../../eval/report/write-report.ts";
import { saveModelFolder } from "../../model/folder/save-model-folder.ts";
import { SINGLE_PATH } from "../../model/paths/path-config.ts";
import type { Progress } from "../terminal/progress.ts";
import { besideDashboard } from "../training/beside-dashboard.ts";
import { runsFolder } from "./plan-runs.ts";
import type { ReproducePreset } from "./presets.ts";
import { printResult } from "./print-result.ts";
import { reproduce, type ReproduceOptions } from "./reproduce.ts";
import { readRunLog } from "../runs/run-log.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-reproduce-"));
  await saveModelFolder(join(root, "base"), tinyModel({ paths: SINGLE_PATH }));
});
afterAll(() => rm(root, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

const corpus = makeSyntheticCorpus({ concepts: 40 });

const TINY: ReproducePreset = {
  name: "tiny",
  setups: ["ssc", "pdf", "ssc-equal-time", "pdf-n1"],
  seeds: [0],
  ensembleSize: 2,
  training: { steps: 2, batchSize: 4, warmUpSteps: 0, checkpointEverySteps: 1, validateEverySteps: 2, validationQueries: 2 },
  testQueries: 6,
  timing: { inputs: 4, rounds: 1 },
  searchConcepts: 10,
};

/** Tells of every task that begins, and of every update of it. */
function watch(onUpdate: (label: string, done: number) => void = () => undefined): { progress: Progress; labels: string[] } {
  const labels: string[] = [];
  const task: Progress["task"] = ({ label }) => {
    labels.push(label);
    return { update: ({ done }) => onUpdate(label, done), finish: () => undefined };
  };
  return { progress: { task, note: () => undefined, stop: () => undefined }, labels };
}

function run(options: Partial<ReproduceOptions> & { progress: Progress }): ReturnType<typeof reproduce> {
  const { signal } = new AbortController();
  return reproduce({
    preset: TINY,
    openCorpus: () => Promise.resolve(corpus),
    base: join(root, "base"),
    out: join(root, "out"),
    resume: false,
    threads: 1,
    signal,
    ...options,
  });
}

test("a reproduction that is interrupted goes on where it was, and ends with a report", async () => {
  const controller = new AbortController();
  const { progress } = watch((label, done) => label.includes("PDF, seed 0") && done === 1 && controller.abort());
  await expect(run({ progress, signal: controller.signal })).rejects.toMatchObject({
    code: "aborted",
    message: expect.stringMatching(/polyvec reproduce --preset tiny --base .*base --out .*out --resume$/) as string,
  });
  const finished = join(root, "out", "runs", "ssc", "seed-0", "metrics.jsonl");
  const { mtimeMs } = await stat(finished);

  await expect(run(watch())).rejects.toMatchObject({ code: "training", message: expect.stringContaining("--resume") as string });
  const other = { ...TINY, name: "other" };
  await expect(run({ ...watch(), resume: true, preset: other })).rejects.toThrow(/has the preset tiny/);

  const resumed = watch();
  const result = await run({ progress: resumed.progress, resume: true });
  expect((await stat(finished)).mtimeMs).toBe(mtimeMs);
  expect(resumed.labels.filter((label) => label.startsWith("train"))).toEqual([
    "train PDF, seed 0 (run 3 of 5)",
    "train SSC, PDF's training time, seed 0 (run 4 of 5)",
    "train PDF, 1 path, seed 0 (run 5 of 5)",
  ]);
  const log = await readRunLog(join(root, "out", "runs", "pdf", "seed-0"));
  expect(log.steps.map(({ step }) => step)).toEqual([1, 2]);
  expect(Object.keys(log.validations[0]?.scores ?? {})).toEqual(["aggregate", "all", "path 0", "path 1", "path 2", "path 3"]);
  expect(await readdir(join(root, "out", "runs", "pdf", "seed-0"))).not.toContain("checkpoints");

  const report = await readReport(result.files.json);
  expect(report.models.map(({ id, pathCount, role }) => [id, pathCount, role])).toEqual([
    ["ssc", 1, "baseline"],
    ["pdf", 4, "main"],
    ["ssc-equal-time", 1, "yardstick"],
    ["pdf-n1", 1, "ablation"],
    ["ssc-sum", 2, "yardstick"],
  ]);
  expect(report.tasks).toHaveLength(12);
  const [ssc, pdf] = report.models.map(({ cost }) => cost);
  for (const cost of [ssc, pdf]) expect(Object.values({ ...cost, ...cost?.embeddingMs }).every((value) => value !== null)).toBe(true);
  expect((pdf?.trainingFlops ?? 0) / (ssc?.trainingFlops ?? 1)).toBeGreaterThan(2);
  expect(report.curves.find(({ model }) => model === "pdf")?.points.at(-1)?.pathPrecisions).toHaveLength(4);
  expect(report.diversity.find(({ model }) => model === "pdf")?.mutualInformation?.vclub).toEqual(expect.any(Number));
  expect(report.searches.map(({ text, hits }) => [text, hits.length])).toEqual([["happy cat", 6], ["a red fruit", 6], [null, 6]]); // prettier-ignore
  expect(
    report.searches[2]?.hits.every(({ correct, image }) => correct !== null && image?.startsWith("data:image/png;base64,") === true),
  ).toBe(true);
  for (const [id, gallery] of [
    ["pdf", report.cases],
    ["ssc", report.referenceCases],
  ] as const) {
    const shown = gallery?.tasks.flatMap(({ cases }) => cases) ?? [];
    expect([id, shown.length > 0, gallery?.tasks.every(({ cases }) => cases.length <= 2)]).toEqual([id, true, true]);
    expect(shown.some(({ views }) => views.includes("path 3"))).toBe(id === "pdf");
    expect(Object.values(gallery?.pictures ?? {})[0]).toMatch(/^data:image\/webp;base64,/);
  }
  const page = await readFile(result.files.html, "utf8");
  for (const title of ["Example searches", "Failure cases: PDF", "Failure cases: SSC"]) expect(page).toContain(title);

  const printed = printResult(result, 100);
  expect(printed).toMatch(/Precision at 1, % +SSC +PDF single +PDF aggregate +PDF all/);
  expect(printed).toMatch(/Training computation .*FLOP/);
  expect(printed).toMatch(/SSC, PDF's training time +\d/);
  expect(printed).toContain(result.files.html);

  const again = watch();
  const { report: same } = await run({ progress: again.progress, resume: true });
  expect(again.labels.filter((label) => /^(train|score)/.test(label))).toEqual([]);
  expect(same.models.map(({ scores }) => scores)).toEqual(report.models.map(({ scores }) => scores));
  expect([same.cases, same.referenceCases]).toEqual([report.cases, report.referenceCases]);

  await rm(join(root, "out", "runs", "ssc", "seed-0", "failure-cases.json"));
  const anew = watch();
  const { report: found } = await run({ progress: anew.progress, resume: true });
  expect(anew.labels.filter((label) => /^(train|score)/.test(label))).toEqual(["score 1 of 4: SSC, seed 0"]);
  expect(found.referenceCases).toEqual(report.referenceCases);
}, 600_000);

test("a reproduction starts from a model of the hub, which is fetched once, and says so", async () => {
  const name = "tiny/model";
  await using hub = await startHub(name, join(root, "base"));
  vi.stubEnv("HF_ENDPOINT", hub.endpoint);
  vi.stubEnv("HF_HUB_CACHE", join(root, "cache"));
  vi.stubEnv("HF_HUB_OFFLINE", "");
  const preset: ReproducePreset = { ...TINY, setups: ["ssc", "pdf"], ensembleSize: 0, testQueries: 2 };
  const out = join(root, "from-hub");
  const controller = new AbortController();
  const first = watch((label, done) => label.startsWith("train SSC") && done === 1 && controller.abort());
  await expect(run({ preset, out, base: name, progress: first.progress, signal: controller.signal })).rejects.toMatchObject({
    code: "aborted",
    message: expect.stringContaining(" --base tiny/model --out ") as string,
  });
  expect(first.labels.slice(0, 2)).toEqual(["fetch tiny/model", "train SSC, seed 0 (run 1 of 2)"]);
  expect(JSON.parse(await readFile(join(out, "reproduce.json"), "utf8"))).toMatchObject({ base: name });

  await hub[Symbol.asyncDispose]();
  const { report } = await run({ preset, out, base: name, resume: true, ...watch() });
  expect(report.facts).toContainEqual({ label: "Base model", value: name });
  await expect(run({ preset, out, base: `${name}@other`, resume: true, ...watch() })).rejects.toMatchObject({ code: "hub" });
  await expect(run({ preset, out, resume: true, ...watch() })).rejects.toThrow(/starts from tiny\/model/);
}, 600_000);

test("the live page shows the run under way, then the next, each under its own name", async () => {
  const preset: ReproducePreset = { ...TINY, setups: ["ssc", "pdf"], ensembleSize: 0, testQueries: 2 };
  const out = join(root, "watched");
  const { progress } = watch();
  let told: Promise<string> | undefined;
  const json = (line: unknown): Promise<void> => {
    told = fetch(`${(line as { readonly url: string }).url}events`).then((response) => response.text());
    return Promise.resolve();
  };
  const nothing = (): Promise<void> => Promise.resolve();
  const { signal } = new AbortController();
  const context = { progress, signal, json: true, out: { json, line: nothing, bytes: nothing }, env: {}, mute: () => undefined };
  await besideDashboard({ out: runsFolder(out), dashboard: 0 }, context, () => run({ preset, out, progress, dashboard: 0 }));
  const events = (await told) ?? "";
  expect(events).toMatch(/^event: hello\n[^]*event: bye\n/);
  const states = new Map(
    [...events.matchAll(/^data: {"run":\d+,"name":"(.*?)","state":"(.*?)"/gm)].map(([, name, state]) => [name, state]),
  );
  expect(Object.fromEntries(states)).toEqual({ "ssc/seed-0": "finished", "pdf/seed-0": "finished" });
}, 600_000);
