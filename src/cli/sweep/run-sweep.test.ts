import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { EXAMPLE_WORDS, writeExamples, writeRecipe } from "../../../test/support/training/recipe-file.ts";
import { runPolyvec, runPolyvecJson } from "../../../test/support/run-polyvec.ts";
import { saveTinyBase } from "../../../test/support/training/tiny-run.ts";
import { makeSyntheticCorpus } from "../../data/emoji/synthetic-corpus.ts";
import { buildEvaluationTasks } from "../../data/emoji/tasks/evaluation-tasks.ts";
import { EMOJI_STAND_INS } from "../../eval/mmeb/export/emoji-stand-ins.ts";
import { writeTasksAsMmeb } from "../../eval/mmeb/export/write-tasks.ts";
import { readSweepReport } from "../../eval/sweep/sweep-report.ts";
import type { CommandContext } from "../command-module.ts";
import type { Progress } from "../terminal/progress.ts";
import type { SweepPlan } from "./dry-run.ts";
import { printSweep } from "./print-sweep.ts";
import { readSweep, type SweepOverrides } from "./read-sweep.ts";
import { runSweep, type SweepResult } from "./run-sweep.ts";

vi.setConfig({ testTimeout: 300_000 });

let root = "";
let recipe = "";
let validation = { data: "", images: "" };
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-sweep-"));
  await saveTinyBase(root);
  await writeExamples(root, EXAMPLE_WORDS.map((text) => ({ query: { text }, positive: { text: `${text}!` } }))); // prettier-ignore
  recipe = await writeRecipe(root, "small", { steps: 2, objective: { pathWeight: 1 } });
  const tasks = buildEvaluationTasks(makeSyntheticCorpus({ concepts: 40 }), {
    split: "validation",
    seed: 1,
    queriesPerTask: 4,
    families: ["text-to-image", "classification"],
  });
  const used = tasks.filter(({ rows, concepts }) => rows.length > 0 && concepts === "unseen");
  const { data, images } = await writeTasksAsMmeb(join(root, "validation"), used, ({ family }) => EMOJI_STAND_INS[family as "grounding"].unseen); // prettier-ignore
  validation = { data, images };
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Tells of every task that begins, of every note, and of every update. */
function watch(onUpdate: (label: string) => void = () => undefined): { progress: Progress; labels: string[]; notes: string[] } {
  const [labels, notes]: [string[], string[]] = [[], []];
  const task: Progress["task"] = ({ label }) => {
    labels.push(label);
    return { update: () => onUpdate(label), finish: () => undefined };
  };
  return { progress: { task, note: (text) => void notes.push(text), stop: () => undefined }, labels, notes };
}

const VARY = { "model.paths.count": [1, 2] };

async function sweep(
  overrides: SweepOverrides,
  { progress, signal = new AbortController().signal }: { readonly progress: Progress; readonly signal?: AbortSignal },
  more: { readonly retry?: boolean } = {},
): Promise<SweepResult> {
  const nothing = (): Promise<void> => Promise.resolve();
  const context: CommandContext = { progress, signal, out: { line: nothing, bytes: nothing, json: nothing }, json: false, env: {}, mute: () => undefined }; // prettier-ignore
  const read = await readSweep(recipe, { evaluation: { bench: "mmeb", ...validation, prompts: "model" }, ...overrides });
  const options = {
    out: join(root, "out"),
    test: false,
    retry: false,
    cache: join(root, "cache"),
    threads: 1,
    again: "polyvec sweep again",
  };
  return runSweep({ ...options, ...more, sweep: read }, context);
}

const trained = (labels: readonly string[]): string[] => labels.filter((label) => label.startsWith("run "));
const runFolder = ({ report, folder }: SweepResult, cell: number, seed: number): string =>
  join(folder, report.cells[cell]?.runs[seed]?.folder ?? "");

test("a sweep goes on where it was stopped, does nothing twice, takes new cells in, and keeps failures as rows", async () => {
  const controller = new AbortController();
  const first = watch((label) => label.startsWith("run 3") && controller.abort());
  const seeds = [1, 2];
  await expect(sweep({ vary: VARY, seeds }, { ...first, signal: controller.signal })).rejects.toMatchObject({
    code: "aborted",
    message: "stopped; what was done is kept. Go on with: polyvec sweep again",
  });
  expect(trained(first.labels)).toEqual(["run 1 of 4: count=1, seed 1", "run 2 of 4: count=2, seed 1", "run 3 of 4: count=1, seed 2"]);

  const second = watch();
  const done = await sweep({ vary: VARY, seeds }, second);
  expect(second.notes[0]).toBe("2 cells with 2 seeds are 4 runs; there already: 2 finished, 1 begun; new: 1");
  expect(trained(second.labels)).toEqual(["run 3 of 4: count=1, seed 2", "run 4 of 4: count=2, seed 2"]);
  const { report } = done;
  expect(report.cells.map(({ status, pathCount }) => [status, pathCount])).toEqual([["finished", 1], ["finished", 2]]); // prettier-ignore
  expect(report.tasks).toHaveLength(2);
  expect(report.cells[1]?.validation?.aggregate.perSeed).toHaveLength(2);
  expect(report.cells.map(({ difference }) => difference === null)).toEqual([true, false]);
  for (const { cost } of report.cells) expect(Object.values({ ...cost, ...cost.embeddingMs }).every((value) => value !== null)).toBe(true);
  expect((report.cells[1]?.cost.trainingFlops ?? 0) / (report.cells[0]?.cost.trainingFlops ?? 1)).toBeGreaterThan(1.5);
  expect(report.notices.join(" ")).toContain("same data in the same order, for the same steps, with the same seeds");
  expect(await readSweepReport(done.files.json)).toEqual(JSON.parse(JSON.stringify(report)));
  expect(printSweep(done)).toMatch(/count=1 \(baseline\).*\n.*count=2/);
  const { mtimeMs } = await stat(join(runFolder(done, 0, 0), "metrics.jsonl"));

  const third = watch();
  const wider = { vary: { ...VARY, "optimizer.learningRate": [1e-3, 1e30] }, variants: undefined, seeds };
  const grown = await sweep(wider, third);
  expect(third.notes[0]).toBe("4 cells with 2 seeds are 8 runs; there already: 4 finished; new: 4");
  expect(trained(third.labels)).toHaveLength(4);
  expect((await stat(join(runFolder(grown, 0, 0), "metrics.jsonl"))).mtimeMs).toBe(mtimeMs);
  expect(grown.report.cells.map(({ status }) => status)).toEqual(["finished", "failed", "finished", "failed"]);
  expect(grown.report.cells[1]?.runs[0]?.failure).toMatch(/^step 2 \(examples\): the loss is NaN/);
  expect(grown.report.cells[0]?.validation).toEqual(report.cells[0]?.validation);
  expect(printSweep(grown)).toMatch(/Failed +seed +why/);

  const fourth = watch();
  const again = await sweep(wider, fourth);
  expect(fourth.labels).toEqual([]);
  expect(again.report.cells).toEqual(grown.report.cells);
  const fifth = watch();
  await sweep(wider, fifth, { retry: true });
  expect(fifth.notes[0]).toBe("4 cells with 2 seeds are 8 runs; there already: 4 finished, 4 begun; new: 0");
  expect(fifth.notes.filter((note) => note.includes("failed: step 2"))).toHaveLength(4);

  const sixth = watch();
  await sweep({ vary: { "model.paths.count": [2] }, seeds: [1] }, sixth);
  expect(sixth.notes.at(-1)).toMatch(/^cells of an earlier definition stay in the folder and are not shown: .*count=1/);
});

test("a cell's folder that holds another run is an error, and so is a bad cell before anything is trained", async () => {
  const out = join(root, "other");
  const args = ["sweep", recipe, "--out", out, "--vary", "model.paths.count=2", "--data", validation.data, "--images", validation.images];
  const rest = ["--prompts", "model", "--cache", join(root, "cache"), "--threads", "1", "--test", "--test-data", validation.data, "--test-images", validation.images]; // prettier-ignore
  const { error, values } = await runPolyvecJson(...args, ...rest);
  expect(error).toBeUndefined();
  const [result] = values as [SweepResult];
  expect(result.report.cells[0]?.test).toEqual(result.report.cells[0]?.validation); // the same data, given as both
  const config = join(runFolder(result, 0, 0), "config.json");
  await writeFile(config, (await readFile(config, "utf8")).replace('"steps": 2', '"steps": 3'));
  expect((await runPolyvecJson(...args, ...rest)).error).toMatchObject({
    code: "training",
    message: expect.stringMatching(/was begun with other settings than this sweep has now/) as string,
  });

  const deep = await runPolyvecJson("sweep", recipe, "--out", join(root, "deep"), "--vary", 'model.paths.topology=[{"kind":"branchLayer","layer":9}]', "--data", validation.data, "--images", validation.images); // prettier-ignore
  expect(deep.code).toBe(1);
  expect(deep.error).toMatchObject({ message: expect.stringMatching(/branchLayer-9/) as string });
});

test("a dry run tells the cells, what each will cost and what is there", async () => {
  const args = ["sweep", recipe, "--vary", "model.paths.count=1,2", "--vary", "model.paths.aggregation=mean,gate", "--seeds", "1,2"];
  const rest = ["--data", validation.data, "--images", validation.images, "--dry-run", "--threads", "1"];
  const { code, values } = await runPolyvecJson(...args, ...rest, "--out", join(root, "out"));
  expect(code).toBe(0);
  const [plan] = values as [SweepPlan];
  expect(plan.cells.map(({ label, aliases, states }) => [label, aliases, Object.values(states)])).toEqual([
    ["count=1 aggregation=mean", ["count=1 aggregation=gate"], ["finished", "finished"]],
    ["count=2 aggregation=mean", [], ["finished", "finished"]],
    ["count=2 aggregation=gate", [], ["new", "new"]],
  ]);
  expect(plan.left.runs).toBe(2);
  expect(plan.left.flops).toBe(2 * (plan.cells[2]?.flops ?? 0));
  const text = await runPolyvec(...args, ...rest);
  expect(text.out).toContain("3 cells x 2 seeds; left to train: 6 runs");
  const none = await runPolyvec("sweep", recipe, "--vary", "model.paths.count=1,2", "--dry-run");
  expect(none).toMatchObject({ code: 1, err: expect.stringContaining("give --bench mmeb with --data and --images") as string });
  expect(await runPolyvec("sweep", recipe, "--vary", "steps=1")).toMatchObject({
    code: 2,
    err: expect.stringContaining("--out") as string,
  });
});
