import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MMEB_DATASETS } from "../../src/data/mmeb/datasets.ts";
import { loadEmbedderModule } from "../../src/eval/mmeb/module-embedder.ts";
import { runMmeb, type MmebRun, type MmebRunOptions } from "../../src/eval/mmeb/run-mmeb.ts";
import type { MmebImages } from "../../src/eval/mmeb/visit-datasets.ts";
import { writeMadeUpMmeb, type ColumnLayout, type ExpectedScores } from "./made-up-mmeb.ts";

const ORACLE = fileURLToPath(new URL("colour-oracle.js", import.meta.url));

let folder = "";
let expected: ExpectedScores;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "polyvec-made-up-"));
  expected = await writeMadeUpMmeb(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function imagesIn(root: string): MmebImages {
  return {
    read: (path) => readFile(join(root, path)),
    has: (path) =>
      stat(join(root, path)).then(
        () => true,
        () => false,
      ),
  };
}

async function run(layout: ColumnLayout, options: Partial<MmebRunOptions> = {}): Promise<MmebRun> {
  const embedder = await loadEmbedderModule(ORACLE);
  const base = { data: join(folder, layout), images: imagesIn(join(folder, "images")), cache: join(folder, "cache"), seed: 0 };
  return runMmeb(embedder, { ...base, missingImages: "error", ...options });
}

describe.each(["v1", "split"] as const)("in the columns of %s", (layout) => {
  test("every dataset is scored exactly as it was made", async () => {
    const { results, absent } = await run(layout);
    expect(absent).toEqual([]);
    expect(results.map(({ dataset }) => dataset)).toEqual(MMEB_DATASETS.map(({ name }) => name));
    const got = results.map(({ dataset, rows, hits, omitted }) => {
      const { emptyRows, emptyCandidates, missingRows, missingCandidates } = omitted;
      const count = hits.aggregate.replaceAll("0", "").length;
      return [
        dataset,
        { rows: rows.length + emptyRows + missingRows + missingCandidates, queries: rows.length, hits: count, emptyRows, emptyCandidates },
      ];
    });
    expect(Object.fromEntries(got)).toEqual(expected.layouts[layout]);
  }, 120_000);

  test("single rows are answered as planned", async () => {
    const { results } = await run(layout, { datasets: ["RefCOCO-Matching", "GQA"] });
    const hits = Object.fromEntries(results.map(({ dataset, hits: { aggregate } }) => [dataset, aggregate]));
    // rows: plain ones, the tie, the duplicate, (two empty ones are left out), the empty candidate; RefCOCO-Matching then the caption in quotes
    expect(hits["GQA"]).toMatch(/^1+0+011$/);
    expect(hits["RefCOCO-Matching"]).toMatch(layout === "split" ? /^1+0*0111$/ : /^1+0*0110$/);
    expect(hits["GQA"]).toHaveLength(13);
  });
});
