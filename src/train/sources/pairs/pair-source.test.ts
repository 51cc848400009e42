import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeMadeUpPairs } from "../../../../test/support/data/made-up-pairs.ts";
import { thrownBy } from "../../../../test/support/thrown-by.ts";
import type { PairRow, PairSide } from "../../../data/pairs/pair-row.ts";
import { decodeImage } from "../../../inputs/decode-image.ts";
import { imagesOf, type PromptInput } from "../../../inputs/embedding-input.ts";
import type { ContrastiveBatch } from "../../batch-source.ts";
import { checkRecipe } from "../../recipe/recipe-schema.ts";
import type { OpenedData } from "../opened-data.ts";
import { openRecipeData } from "../recipe-source.ts";
import { SlotSchedule } from "./slot-schedule.ts";
import { targetKeys, type DrawnPair } from "./target-keys.ts";

let root = "";
const opened: OpenedData[] = [];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-pair-source-"));
  await writeMadeUpPairs(join(root, "mmeb"));
});
afterAll(async () => {
  for (const data of opened) await data.dispose?.();
  await rm(root, { recursive: true });
});

async function open(fields: object, seed = 1): Promise<OpenedData> {
  const recipe = {
    name: "r",
    seed,
    model: { base: "b" },
    optimizer: { learningRate: 1 },
    steps: 1,
    data: { kind: "mmeb", path: "mmeb", batchSize: 6, ...fields },
  };
  const data = await openRecipeData(checkRecipe(recipe, "r.json"), () => Promise.reject(new Error("no emoji are needed")), {
    folder: root,
  });
  opened.push(data);
  return data;
}

async function draw({ source }: OpenedData, count: number, from = 0): Promise<ContrastiveBatch[]> {
  const batches: ContrastiveBatch[] = [];
  for (let step = from; step < from + count; step++) batches.push((await source.batch(step)) as ContrastiveBatch);
  return batches;
}

const promptOf = (input: PromptInput): string => ("prompt" in input ? input.prompt : (input.text ?? ""));
/** What tells a batch: all but how its images are read. */
const plain = (batch: ContrastiveBatch): string => JSON.stringify(batch);

describe("batches of pairs", () => {
  test("are of one dataset each, every row once in a round, empty rows replaced", async () => {
    const batches = await draw(await open({}), 140);
    expect(new Set(batches.map(({ task }) => task))).toEqual(new Set(["Captions", "Words"]));
    const words = batches.filter(({ task }) => task === "Words").flatMap(({ queries }) => queries.map(promptOf));
    for (let round = 0; round < 3; round++) expect(new Set(words.slice(30 * round, 30 * (round + 1))).size).toBe(30);
    const captions = batches.filter(({ task }) => task === "Captions").flatMap(({ queries }) => queries.map(promptOf));
    expect(captions.filter((prompt) => prompt === "")).toEqual([]);
    expect(new Set(captions.slice(0, 40)).size).toBe(36);
    const share = batches.filter(({ task }) => task === "Captions").length / batches.length;
    expect(share).toBeGreaterThan(0.45);
    expect(share).toBeLessThan(0.7);
  });

  test("depend on the step alone, whichever is asked for first", async () => {
    for (const fields of [{}, { rowsTogether: 3 }, { groupByLength: true }]) {
      const inOrder = await draw(await open(fields), 40);
      const fresh = await open(fields);
      for (const step of [39, 0, 17, 17, 3]) expect(plain((await draw(fresh, 1, step))[0]!)).toBe(plain(inOrder[step]!));
      expect((await draw(await open(fields, 2), 40)).map(plain)).not.toEqual(inOrder.map(plain));
    }
  });

  test("are found at once, however far on", async () => {
    const data = await open({ rowsTogether: 2 });
    const start = performance.now();
    const [batch] = await draw(data, 1, 123_456_789);
    expect(batch?.queries).toHaveLength(6);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  test("of runs hold rows that follow one another, of several datasets", async () => {
    const batches = await draw(await open({ rowsTogether: 3, datasets: { Words: { weight: 1 }, Captions: { weight: 1 } } }), 40);
    expect(new Set(batches.map(({ task }) => task))).toEqual(new Set(["Words", "Captions", "Words+Captions", "Captions+Words"]));
    const runs = batches.flatMap(({ queries }) => [queries.slice(0, 3), queries.slice(3)]).map((run) => run.map(promptOf));
    const words = runs.filter(([first]) => first?.startsWith("word") === true).map((run) => run.map((text) => Number(text.slice(5))));
    expect(words.length).toBeGreaterThan(30);
    for (const [first = 0, ...others] of words) expect(others).toEqual([(first + 1) % 30, (first + 2) % 30]);
  });

  test("take the first rows only, where they are capped, and the datasets by weight", async () => {
    const batches = await draw(await open({ datasets: { Words: { rows: 8, weight: 3 }, Captions: { weight: 1 } } }), 1000);
    const words = batches.filter(({ task }) => task === "Words");
    expect(words).toHaveLength(750);
    expect(new Set(words.flatMap(({ queries }) => queries.map(promptOf)))).toEqual(
      new Set(Array.from({ length: 8 }, (_, at) => `word ${at}`)),
    );
  });

  test("hold hard negatives after the positives, as many as are asked for", async () => {
    const [batch] = await draw(await open({ datasets: { Words: {} } }), 1);
    const numbers = batch?.queries.map((query) => promptOf(query).slice(5));
    expect(batch?.targets.map(promptOf)).toEqual([
      ...(numbers ?? []).map((at) => `meaning ${at}`),
      ...(numbers ?? []).map((at) => `wrong ${at}`),
    ]);
    const [without] = await draw(await open({ datasets: { Words: {} }, hardNegatives: 0 }), 1);
    expect(without?.targets).toHaveLength(6);
  });

  test("mask what has the same target, and read images out of the archive", async () => {
    const [batch] = await draw(await open({ datasets: { Captions: {} }, batchSize: 20 }), 1);
    const texts = batch?.targets.map(promptOf) ?? [];
    texts.forEach((text, one) => {
      texts.forEach((other, two) => expect(batch?.targetKeys[one] === batch?.targetKeys[two]).toBe(text === other));
    });
    const [image] = imagesOf(batch?.queries[0] ?? {});
    expect(await decodeImage(image!)).toMatchObject({ width: 12, height: 8 });
  });

  test("are of about one length, where they are grouped", async () => {
    const lines = Array.from({ length: 200 }, (_, at) => ({ qry: `${at} ${"x".repeat(((at * 37) % 100) * 5)}`, pos_text: "p" }));
    await writeFile(join(root, "long.jsonl"), lines.map((line) => JSON.stringify(line)).join("\n"));
    const spread = async (groupByLength: boolean): Promise<number> => {
      const batches = await draw(await open({ path: "long.jsonl", groupByLength, batchSize: 10 }), 16);
      const spans = batches.map(({ queries }) => {
        const lengths = queries.map((query) => promptOf(query).length);
        return Math.max(...lengths) - Math.min(...lengths);
      });
      return spans.reduce((sum, span) => sum + span, 0) / spans.length;
    };
    expect(await spread(true)).toBeLessThan(0.2 * (await spread(false)));
  });

  test("that cannot be made are refused, the field named", async () => {
    expect(await thrownBy(() => open({ batchSize: 31 }))).toMatchObject({ code: "config", details: { field: "data.batchSize" } });
    expect(await thrownBy(() => open({ datasets: { Wrods: {} } }))).toMatchObject({ code: "data", details: { field: "Wrods" } });
    expect(await thrownBy(() => open({ path: "none" }))).toMatchObject({ code: "file" });
    expect(await thrownBy(() => open({ images: "none" }))).toMatchObject({ code: "file" });
    await writeFile(join(root, "empty.jsonl"), "\n\n\n\n\n\n\n\n");
    expect(await thrownBy(async () => draw(await open({ path: "empty.jsonl" }), 1))).toMatchObject({ code: "data" });
  });

  test("give a new tokenizer its texts", async () => {
    const texts: string[] = [];
    for await (const text of (await open({ datasets: { Words: {} } })).texts()) texts.push(text);
    expect(texts).toContain("word 7");
    expect(texts).toContain("meaning 7");
  });
});

describe("keys of targets", () => {
  const side = (text: string, images: readonly string[] = []): PairSide => ({ text, images });
  const drawn = (query: string, positives: readonly PairSide[], rest: Partial<PairRow> = {}): DrawnPair => {
    const pair = { row: 0, query: side(query), positives, hardNegatives: [], ...rest };
    return { pair, positive: positives[0] ?? side(""), hardNegatives: pair.hardNegatives, dataset: "d" };
  };
  const same = (pairs: readonly DrawnPair[], sameImage = false): boolean[] => {
    const keys = targetKeys(pairs, { sameImage });
    return keys.slice(1).map((key) => key === keys[0]);
  };

  test("are the same for the same target, query, list of positives or given key, and for nothing else", () => {
    expect(same([drawn("a", [side("x")]), drawn("b", [side(" x\n")]), drawn("c", [side("y")])])).toEqual([true, false]);
    expect(same([drawn("a", [side("x")]), drawn("a", [side("y")]), drawn("b", [side("z")])])).toEqual([true, false]);
    expect(same([drawn("a", [side("x"), side("y")]), drawn("b", [side("y")])])).toEqual([true]);
    expect(same([drawn("a", [side("x")], { positiveKey: "1" }), drawn("b", [side("y")], { positiveKey: "1" })])).toEqual([true]);
    expect(same([drawn("a", [side("it", ["1"])]), drawn("b", [side("it", ["2"])])])).toEqual([false]);
    expect(same([drawn("a", [side("x", ["1"])]), drawn("b", [side("y", ["1"])])])).toEqual([false]);
    expect(same([drawn("a", [side("x", ["1"])]), drawn("b", [side("y", ["1"])])], true)).toEqual([true]);
  });

  test("a hard negative that is another row's positive has that one's key", () => {
    const pairs = [drawn("a", [side("x")], { hardNegatives: [side("y")] }), drawn("b", [side("y")])];
    expect(same(pairs)).toEqual([false, false]);
    const [, positive, negative] = targetKeys(pairs, { sameImage: false });
    expect(negative).toBe(positive);
  });
});

test("a schedule gives each dataset its share, and counts what came before", () => {
  const schedule = new SlotSchedule([5, 3, 1e-9], 4);
  const counts = [0, 0, 0];
  for (let slot = 0; slot < 3000; slot++) {
    const { dataset, draw: before } = schedule.at(slot);
    expect(before).toBe(counts[dataset]);
    counts[dataset] = (counts[dataset] ?? 0) + 1;
  }
  expect(counts[2]).toBe(3);
  expect((counts[0] ?? 0) / (counts[1] ?? 1)).toBeCloseTo(5 / 3, 1);
});
