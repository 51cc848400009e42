import { describe, expect, test } from "vitest";
import { makeSyntheticCorpus } from "../../data/emoji/synthetic-corpus.ts";
import { symbol } from "../../engine/graph/dimension.ts";
import { GraphBuilder } from "../../engine/graph/graph-builder.ts";
import { attention, matmul } from "../../engine/graph/operators.ts";
import { singleVectorSet } from "../../embed/embedding-set.ts";
import type { EmbeddingInput } from "../../inputs/embedding-input.ts";
import { precisionAtOne } from "../scoring.ts";
import { countFlops } from "./count-flops.ts";
import { DistinctInputs } from "./distinct-inputs.ts";
import { embedTasks } from "./embed-tasks.ts";
import { emojiBaselines, emojiBenchmark, pixelFact } from "./emoji-benchmark.ts";
import { evaluateEmbedder } from "./evaluate-embedder.ts";
import { timeInterleaved } from "./time-interleaved.ts";

const corpus = makeSyntheticCorpus();
const tasks = emojiBenchmark(corpus, { split: "test", queriesPerTask: 8 });

/** A "model" that embeds an input as a unit vector at a place made of its mean colour, or of its text's length. */
function crudeEmbedding(input: EmbeddingInput): number[] {
  const image = input.image as { readonly data: Uint8Array } | undefined;
  const sums = [0, 0, 0, input.text?.length ?? 0];
  image?.data.forEach((value, at) => (sums[at % 3] = (sums[at % 3] ?? 0) + 255 - value));
  return sums.map((sum) => sum / Math.hypot(...sums, 1e-9));
}

function counted() {
  const calls: (readonly EmbeddingInput[])[] = [];
  const embed = async (inputs: readonly EmbeddingInput[]) => {
    calls.push(inputs);
    return singleVectorSet(Float32Array.from(inputs.flatMap(crudeEmbedding)), 4);
  };
  return { calls, embed };
}

describe("evaluateEmbedder", () => {
  test("embeds every distinct input once, and scores every task", async () => {
    const { calls, embed } = counted();
    const progress: string[] = [];
    const evaluation = await evaluateEmbedder(embed, tasks, { onProgress: ({ done, total }) => progress.push(`${done}/${total}`) });
    const embedded = calls.flat();
    expect(new Set(embedded).size).toBe(embedded.length);
    const texts = embedded.flatMap(({ image, text, instruction }) => (image === undefined ? [`${instruction} ${text}`] : []));
    expect(new Set(texts).size).toBe(texts.length);
    expect([progress[0], progress.at(-1)]).toEqual([`0/${embedded.length}`, `${embedded.length}/${embedded.length}`]);
    expect(evaluation.tasks.map(({ name }) => name)).toEqual(tasks.map(({ name }) => name));
    const [first] = evaluation.tasks;
    expect(first?.hits.aggregate).toHaveLength(8);
    expect(precisionAtOne(first?.hits.all ?? [])).toBe(precisionAtOne(first?.hits.aggregate ?? []));
  });

  test("stops between two slices", async () => {
    const controller = new AbortController();
    const { calls, embed } = counted();
    const stopping = async (inputs: readonly EmbeddingInput[]) => (controller.abort(), embed(inputs));
    const many = emojiBenchmark(makeSyntheticCorpus({ concepts: 300 }), { split: "test", queriesPerTask: 60 });
    await expect(evaluateEmbedder(stopping, many, { signal: controller.signal })).rejects.toMatchObject({ code: "aborted" });
    expect(calls).toHaveLength(1);
  });

  test("gives lists in their own order", async () => {
    const { embed } = counted();
    const lists = await embedTasks(tasks, embed);
    for (const { queries } of tasks) {
      const { aggregate } = await lists(queries);
      expect(aggregate).toEqual(Float32Array.from(queries.flatMap(crudeEmbedding)));
    }
  });
});

test("inputs of one kind stand together, texts first", () => {
  const sizes = new DistinctInputs(tasks).inputs.map(({ image }) => (image as { readonly width: number } | undefined)?.width ?? 0);
  expect(sizes).toEqual(sizes.toSorted((left, right) => left - right));
});

test("baselines stand beside: pixels where both sides have pictures, words where both have texts", () => {
  const baselines = emojiBaselines(tasks);
  const names = (task: string): string[] => (baselines[task] ?? []).map(({ name }) => name);
  expect([names("image-to-image/seen"), names("text-to-image/seen"), names("visual-questions/unseen")]).toEqual([["raw pixels"], [], ["tag overlap"]]); // prettier-ignore
  expect(pixelFact(corpus, "test").value).toMatch(/openmoji → noto [\d.]+ %/);
});

test("FLOPs of matrix products, attention's among them", () => {
  const builder = new GraphBuilder();
  const x = builder.input("x", "float32", [symbol("rows"), 8]);
  const w = builder.input("w", "float32", [5, 8]);
  const [query, key, value] = ["query", "key", "value"].map((name) => builder.input(name, "float32", [1, 2, symbol("tokens"), 4]));
  if (query === undefined || key === undefined || value === undefined) return;
  const graph = builder.finish({ y: matmul(x, w, { transposeB: true }), z: attention({ query, key, value, scale: 0.5 }) });
  expect(countFlops(graph, { rows: 3, tokens: 7 })).toBe(2 * 3 * 8 * 5 + 2 * (2 * 2 * 7 * 4 * 7));
});

test("variants are timed in turn, the first round not counted", async () => {
  const order: string[] = [];
  const variant = (name: string, milliseconds: number) => ({
    name,
    run: async () => (order.push(name), new Promise((resolve) => setTimeout(resolve, order.length > 2 ? milliseconds : 0))),
  });
  const times = await timeInterleaved([variant("a", 1), variant("b", 20)], { rounds: 2 });
  expect(order).toEqual(["a", "b", "a", "b", "a", "b"]);
  expect(times.map(({ name }) => name)).toEqual(["a", "b"]);
  expect(times[1]?.milliseconds).toBeGreaterThan(15);
});
