import { mkdtemp, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { thrownBy } from "../../test/support/thrown-by.ts";
import { AbortedError, DataError } from "../../src/errors/families.ts";
import type { EmbedderModuleInput } from "../../src/eval/mmeb/embedder-module.ts";
import { moduleEmbedder } from "../../src/eval/mmeb/module-embedder.ts";
import { runMmeb, runMmebShard, type MmebRun, type MmebRunOptions } from "../../src/eval/mmeb/run-mmeb.ts";
import type { MmebImages } from "../../src/eval/mmeb/visit-datasets.ts";
import type { ItemEmbedder } from "../../src/eval/mmeb/item-embedder.ts";
import { embed } from "./colour-oracle.js";
import { writeMadeUpMmeb } from "./made-up-mmeb.ts";

let made = "";
let work = "";
beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), "polyvec-made-up-"));
  await writeMadeUpMmeb(made);
  return () => rm(made, { recursive: true, force: true });
});
beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), "polyvec-run-"));
  return () => rm(work, { recursive: true, force: true });
});
afterAll(() => rm(work, { recursive: true, force: true }));

const DATASETS = ["VOC2007", "VisDial", "CIRR", "RefCOCO-Matching"];

/** Counts what it embeds. */
function countingOracle(options: { readonly identity?: string; readonly failAfter?: number } = { identity: "counting" }): {
  readonly embedder: ItemEmbedder;
  readonly seen: EmbedderModuleInput[];
} {
  const seen: EmbedderModuleInput[] = [];
  const embedder = moduleEmbedder({
    name: "counting",
    batchSize: 4,
    identity: options.identity,
    embed(inputs) {
      if (seen.length >= (options.failAfter ?? Infinity)) throw new Error("the machine went down");
      seen.push(...inputs);
      return embed(inputs);
    },
  });
  return { embedder, seen };
}

function images(without: ReadonlySet<string> = new Set()): MmebImages & { readonly reads: () => number } {
  let reads = 0;
  return {
    reads: () => reads,
    read: (path) => {
      reads++;
      return readFile(join(made, "images", path));
    },
    has: (path) => !without.has(path) && stat(join(made, "images", path)).then(() => true, () => false), // prettier-ignore
  };
}

function options(more: Partial<MmebRunOptions> = {}): MmebRunOptions {
  return {
    data: join(made, "split"),
    images: images(),
    datasets: DATASETS,
    cache: join(work, "cache"),
    out: join(work, "out"),
    seed: 0,
    missingImages: "error",
    ...more,
  };
}

const hitsOf = ({ results }: MmebRun): string[] => results.map(({ hits }) => hits.aggregate);

test("what is embedded is embedded once: within a row, between rows, and in the next run not at all", async () => {
  const first = countingOracle();
  const run = await runMmeb(first.embedder, options());
  const contents = first.seen.map(({ text, instruction, imagePath }) => JSON.stringify([text, instruction, imagePath]));
  expect(new Set(contents).size).toBe(contents.length);
  expect(run.counts).toMatchObject({ computed: contents.length, damaged: 0 });

  const second = countingOracle();
  const again = await runMmeb(second.embedder, options({ out: join(work, "other") }));
  expect(second.seen).toEqual([]);
  expect(again.counts).toMatchObject({ computed: 0 });
  expect(hitsOf(again)).toEqual(hitsOf(run));
});

test("results that are there are taken, unless they were made under other conditions or are damaged", async () => {
  await runMmeb(countingOracle().embedder, options());
  expect((await runMmeb(countingOracle().embedder, options())).reused).toEqual(DATASETS);
  expect((await runMmeb(countingOracle().embedder, options({ subset: 3 }))).reused).toEqual([]);
  expect((await runMmeb(countingOracle({ identity: "another" }).embedder, options({ subset: 3 }))).reused).toEqual([]);
  await writeFile(join(work, "out", "datasets", "CIRR.json"), '{"format":');
  const mended = await runMmeb(countingOracle({ identity: "another" }).embedder, options({ subset: 3 }));
  expect(mended.reused).toEqual(DATASETS.filter((name) => name !== "CIRR"));
  expect(mended.results.map(({ rows }) => rows)).toEqual(DATASETS.map(() => [0, 1, 2]));
});

test("a module without identity is run anew each time, and leaves no cache", async () => {
  const [first, second] = [countingOracle({}), countingOracle({})];
  await runMmeb(first.embedder, options());
  const run = await runMmeb(second.embedder, options());
  expect(run.reused).toEqual([]);
  expect(second.seen).toHaveLength(first.seen.length);
  expect(await readdir(work)).toEqual(["out"]);
});

test("a run that broke off goes on where it was", async () => {
  const whole = await runMmeb(countingOracle({ identity: "whole" }).embedder, options({ out: join(work, "whole") }));
  const broken = countingOracle({ identity: "counting", failAfter: 100 });
  await expect(runMmeb(broken.embedder, options())).rejects.toThrow("the machine went down");
  const { embedder, seen } = countingOracle();
  const rest = await runMmeb(embedder, options());
  expect(hitsOf(rest)).toEqual(hitsOf(whole));
  expect(seen.length + broken.seen.length).toBe(whole.counts.computed);
});

test("a run is stopped by its signal", async () => {
  const stop = new AbortController();
  const stopping = options({ signal: stop.signal, onProgress: ({ place }) => place === 2 && stop.abort() });
  await expect(runMmeb(countingOracle().embedder, stopping)).rejects.toThrow(/stop|abort/);
  expect(await thrownBy(() => runMmeb(countingOracle().embedder, stopping))).toBeInstanceOf(AbortedError);
  expect(await readdir(join(work, "out", "datasets"))).toEqual(["VOC2007.json"]);
});

test("a damaged embedding is computed anew", async () => {
  const run = await runMmeb(countingOracle().embedder, options());
  const [folder = ""] = await readdir(join(work, "cache"));
  const segment = (await readdir(join(work, "cache", folder))).find((name) => name.endsWith(".vectors")) ?? "";
  const handle = await open(join(work, "cache", folder, segment), "r+");
  await handle.write(Buffer.from([1, 2, 3, 4]), 0, 4, 60);
  await handle.close();
  const { embedder, seen } = countingOracle();
  const again = await runMmeb(embedder, options({ out: join(work, "other") }));
  expect(seen).toHaveLength(1);
  expect(again.counts.damaged).toBe(1);
  expect(hitsOf(again)).toEqual(hitsOf(run));
});

test("shards embed disjoint parts; the run after them computes nothing", async () => {
  const whole = await runMmeb(countingOracle({ identity: "whole" }).embedder, options({ out: join(work, "whole") }));
  const shards = [1, 2, 3].map((index) => ({ shard: { index, count: 3 }, oracle: countingOracle(), pictures: images() }));
  await Promise.all(shards.map(({ shard, oracle, pictures }) => runMmebShard(oracle.embedder, shard, options({ images: pictures }))));
  const sizes = shards.map(({ oracle }) => oracle.seen.length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(whole.counts.computed);
  expect(Math.min(...sizes)).toBeGreaterThan(0.2 * whole.counts.computed);
  const { embedder, seen } = countingOracle();
  const joined = await runMmeb(embedder, options());
  expect(seen).toEqual([]);
  expect(hitsOf(joined)).toEqual(hitsOf(whole));
});

test("a missing image is an error that names dataset, row and path; or it is left out and counted", async () => {
  const { results } = await runMmeb(countingOracle().embedder, options({ datasets: ["VOC2007"] }));
  const paths = await readdir(join(made, "images", "VOC2007"));
  const lost = `VOC2007/${paths.find((path) => path.startsWith("3 ")) ?? ""}`;
  const gone = options({ datasets: ["VOC2007"], images: images(new Set([lost])), out: undefined });
  const error = (await thrownBy(() => runMmeb(countingOracle().embedder, gone))) as DataError;
  expect(error).toBeInstanceOf(DataError);
  expect(error.details).toEqual({ dataset: "VOC2007", row: 3, file: lost });
  const rest = await runMmeb(countingOracle().embedder, { ...gone, missingImages: "omit" });
  expect(rest.results[0]?.omitted).toMatchObject({ missingRows: 1, emptyRows: 2 });
  expect(rest.results[0]?.rows).toEqual(results[0]?.rows.filter((row) => row !== 3));
});

test("datasets that are asked for have to be there; of the others it is said which are missing", async () => {
  await expect(runMmeb(countingOracle().embedder, options({ datasets: ["RefCOCO-Matchin"] }))).rejects.toThrow(
    "did you mean RefCOCO-Matching?",
  );
  await rm(join(made, "v1", "GQA"), { recursive: true });
  await expect(runMmeb(countingOracle().embedder, options({ data: join(made, "v1"), datasets: ["GQA"] }))).rejects.toThrow("GQA");
  await expect(runMmeb(countingOracle().embedder, options({ data: work, datasets: undefined }))).rejects.toThrow(
    "none of MMEB's 36 datasets",
  );
});
