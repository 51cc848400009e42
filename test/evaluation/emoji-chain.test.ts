import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { ReproducePreset } from "../../src/cli/reproduce/presets.ts";
import { reproduce, type ReproduceResult } from "../../src/cli/reproduce/reproduce.ts";
import { writeRecipeBatches } from "../../src/cli/training/write-batches.ts";
import { makeSyntheticCorpus } from "../../src/data/emoji/synthetic-corpus.ts";
import { present } from "../../src/errors/families.ts";
import { emojiBenchmark } from "../../src/eval/benchmark/emoji-benchmark.ts";
import { parseEvaluationRecord, writeHits } from "../../src/eval/evaluation-record.ts";
import type { MmebComparison } from "../../src/eval/mmeb/compare/compare-runs.ts";
import { readDatasetResult, resultFile } from "../../src/eval/mmeb/dataset-result.ts";
import { EMOJI_STAND_INS } from "../../src/eval/mmeb/export/emoji-stand-ins.ts";
import { writeTasksAsMmeb, type WrittenTasks } from "../../src/eval/mmeb/export/write-tasks.ts";
import type { MmebView } from "../../src/eval/mmeb/summarise.ts";
import type { MmebReport } from "../../src/eval/mmeb/report/mmeb-report.ts";
import { readRecipe } from "../../src/train/recipe/recipe.ts";
import { runPolyvec, runPolyvecJson } from "../support/run-polyvec.ts";
import { loggedNumbers, saveTinyBase } from "../support/training/tiny-run.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** Canvases come in batches of their own size, drawings are augmented, the PDF run has four paths and vCLUB: as in the presets that ship. */
const PRESET: ReproducePreset = {
  name: "tiny",
  setups: ["ssc", "pdf"],
  seeds: [0],
  ensembleSize: 0,
  training: { steps: 8, batchSize: 6, warmUpSteps: 2, checkpointEverySteps: 5, validateEverySteps: 8, validationQueries: 2 },
  testQueries: 8,
  timing: { inputs: 4, rounds: 1 },
  searchConcepts: 10,
};
const MODELS = ["ssc", "pdf"] as const;

const corpus = makeSyntheticCorpus({ concepts: 60 });
const progress = { task: () => ({ update: () => undefined, finish: () => undefined }), note: () => undefined, stop: () => undefined };
const { signal } = new AbortController();

let root = "";
let reproduced: ReproduceResult;
let tasks: WrittenTasks;
const runOf = (model: string): string => join(root, "reproduced", "runs", model, "seed-0");

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-chain-"));
  const base = await saveTinyBase(root);
  const openCorpus = (): Promise<typeof corpus> => Promise.resolve(corpus);
  reproduced = await reproduce({
    preset: PRESET,
    openCorpus,
    base,
    out: join(root, "reproduced"),
    resume: false,
    threads: 1,
    progress,
    signal,
  });
  const written = emojiBenchmark(corpus, { split: "test", queriesPerTask: PRESET.testQueries });
  tasks = await writeTasksAsMmeb(join(root, "benchmark"), written, (task) => EMOJI_STAND_INS[task.family as "grounding"][task.concepts]);
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function succeed(...args: readonly string[]): Promise<void> {
  const { code, err } = await runPolyvec(...args);
  expect([code, err]).toEqual([0, expect.not.stringContaining("error")]);
}

/** Scores a model on the benchmark in MMEB's layout. @returns the folder of its results. */
async function score(name: string, model: string): Promise<string> {
  const out = join(root, "scores", name);
  const where = ["--data", tasks.data, "--images", tasks.images, "--cache", join(root, "cache", name), "--out", out];
  await succeed("eval", model, "--bench", "mmeb", "--prompts", "model", "--threads", "1", ...where);
  return out;
}

describe.each(MODELS)("%s: written in MMEB's layout, trained, scored and compared by the commands", (model) => {
  test("it trains to the numbers and weights of the reproduction, bit for bit", async () => {
    const file = join(runOf(model), "config.json");
    const recipe = await readRecipe(file);
    const { recipe: written } = await writeRecipeBatches(
      join(root, "written", model),
      { recipe, file },
      { corpus, context: { progress, signal } },
    );
    await succeed("train", written, "--out", join(root, "trained", model), "--threads", "1");
    const steps = async (folder: string): Promise<unknown> => (await loggedNumbers(folder)).filter(({ type }) => type === "step");
    expect(await steps(runOf(model))).toHaveLength(PRESET.training.steps);
    expect(await steps(join(root, "trained", model))).toEqual(await steps(runOf(model)));
    const weights = (await readdir(join(runOf(model), "model"))).filter((name) => name.endsWith(".safetensors"));
    expect(weights).not.toEqual([]);
    for (const name of weights) {
      const [ours, theirs] = await Promise.all(
        [join(root, "trained", model), runOf(model)].map((run) => readFile(join(run, "model", name))),
      );
      expect(present(ours, name).equals(present(theirs, name)), name).toBe(true);
    }
  });

  test("it answers every query of every task as the reproduction did, in every view, and its report has the same scores", async () => {
    const out = await score(model, join(root, "trained", model, "model"));
    const file = join(runOf(model), "evaluation.json");
    const evaluation = parseEvaluationRecord(JSON.parse(await readFile(file, "utf8")), file);
    const report = JSON.parse(await readFile(join(out, "report.json"), "utf8")) as MmebReport;
    const ours = present(
      reproduced.report.models.find(({ id }) => id === model),
      model,
    );
    const scoresOf = (wanted: MmebView): (number | undefined)[] => {
      const view = present(
        report.views.find(({ view }) => view === wanted),
        wanted,
      );
      const places = new Map(report.datasets.map(({ name }, place) => [name, view.datasets[place]?.value]));
      return reproduced.report.tasks.map(({ name }) => places.get(tasks.datasets[name] ?? ""));
    };
    for (const { name, hits } of evaluation.tasks) {
      const result = await readDatasetResult(resultFile(out, present(tasks.datasets[name], name)));
      expect(result.hits, name).toEqual(writeHits(hits));
    }
    expect(scoresOf("aggregate")).toEqual(ours.scores.aggregate.tasks.map(({ value }) => value));
    // a model of one path has one way of scoring
    expect(scoresOf(model === "ssc" ? "aggregate" : "all")).toEqual(ours.scores.all.tasks.map(({ value }) => value));
  });

  test("polyvec compare finds no difference between the two", async () => {
    const both = [await score(`${model} reproduced`, join(runOf(model), "model")), join(root, "scores", model)];
    const { code, values } = await runPolyvecJson("compare", ...both);
    expect(code).toBe(0);
    const [{ comparison }] = values as [{ comparison: MmebComparison }];
    const [run] = comparison.runs;
    expect(run?.datasets).toHaveLength(Object.keys(tasks.datasets).length);
    for (const { dataset, difference, won, lost } of run?.datasets ?? [])
      expect([dataset, difference.value, won, lost]).toEqual([dataset, 0, 0, 0]);
  });
});
