import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tinyModel } from "../support/tiny-model.ts";
import { openImageStore } from "../../src/data/image-store/image-store.ts";
import { makeSyntheticCorpus } from "../../src/data/emoji/synthetic-corpus.ts";
import { buildEvaluationTasks } from "../../src/data/emoji/tasks/evaluation-tasks.ts";
import { loadModel } from "../../src/embed/load-model.ts";
import { DataError } from "../../src/errors/families.ts";
import { saveModelFolder } from "../../src/model/folder/save-model-folder.ts";
import { evaluateEmbedder } from "../../src/eval/benchmark/evaluate-embedder.ts";
import { writeHits } from "../../src/eval/evaluation-record.ts";
import { decodeImage } from "../../src/inputs/decode-image.ts";
import type { ImageSource } from "../../src/inputs/embedding-input.ts";
import { resizeBicubic } from "../../src/inputs/resize-image.ts";
import { modelEmbedder, toModelInput } from "../../src/eval/mmeb/model-embedder.ts";
import { runMmeb } from "../../src/eval/mmeb/run-mmeb.ts";
import { EMOJI_STAND_INS } from "../../src/eval/mmeb/export/emoji-stand-ins.ts";
import { writeTasksAsMmeb } from "../../src/eval/mmeb/export/write-tasks.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "polyvec-write-mmeb-"));
  await saveModelFolder(join(folder, "model"), tinyModel());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const tasks = buildEvaluationTasks(makeSyntheticCorpus({ concepts: 40 }), { split: "test", seed: 1, queriesPerTask: 5 }).filter(
  ({ rows }) => rows.length > 0,
);

test("tasks written in MMEB's layout and read back are answered alike, query by query, in every view", async () => {
  const families = new Map(tasks.map(({ name, family, concepts }) => [name, EMOJI_STAND_INS[family][concepts]]));
  const written = await writeTasksAsMmeb(join(folder, "bench"), tasks, ({ name }) => families.get(name) ?? "");
  await using model = await loadModel(join(folder, "model"), { threads: 1 });
  const direct = await evaluateEmbedder((inputs) => model.embedSet(inputs), tasks);
  await using images = await openImageStore(written.images);
  const embedder = await modelEmbedder(model, { style: "model" });
  const { results } = await runMmeb(embedder, {
    data: written.data,
    images,
    cache: join(folder, "cache"),
    seed: 0,
    missingImages: "error",
  });
  const hits = new Map(results.map((result) => [result.dataset, result.hits]));
  expect(results).toHaveLength(tasks.length);
  for (const task of direct.tasks) expect(hits.get(families.get(task.name) ?? "")).toEqual(writeHits(task.hits));
});

test("a model is given the reference's prompts, its own image token in their places", async () => {
  await using model = await loadModel(join(folder, "model"), { threads: 1 });
  const bytes = await readFile(join("test", "fixtures", "checkpoints", "qwen2-vl", "picture-6-1.png"));
  const embedder = await modelEmbedder(model, { style: "reference" });
  const item = { prompt: "<|image_1|>\nfind the picture\n", instruction: "find", text: "", image: "a.png" };
  const source = async function* (): AsyncGenerator<{ item: typeof item; read: () => Promise<Uint8Array> }> {
    yield { item, read: () => Promise.resolve(bytes) };
  };
  const got = [];
  for await (const { embedding } of embedder.embed(source(), { signal: undefined })) got.push(embedding?.aggregate);
  const [own] = await model.embed([{ prompt: "<|image_pad|>\nfind the picture\n", images: [bytes] }]);
  expect(got).toEqual([own?.aggregate]);
});

test("images are squashed to the reference's square where that is asked for", async () => {
  const bytes = await readFile(join("test", "fixtures", "checkpoints", "qwen2-vl", "picture-6-1.png"));
  const item = { prompt: "<|image_1|>\n", instruction: "", text: "", image: "a.png" };
  const read = (): Promise<Uint8Array> => Promise.resolve(bytes);
  const { image } = toModelInput({ item, read }, { style: "model", resolution: "low" }) as { readonly image: ImageSource };
  expect(await decodeImage(image)).toEqual(resizeBicubic(await decodeImage(bytes), { width: 128, height: 128 }));
  expect(toModelInput({ item, read }, { style: "model" })).toEqual({ image: { name: "a.png", read } });
  await using model = await loadModel(join(folder, "model"), { threads: 1 });
  const names = [
    (await modelEmbedder(model, { style: "model" })).identity,
    (await modelEmbedder(model, { style: "model", resolution: "low" })).identity,
  ];
  expect(names.map((identity) => identity?.options)).toEqual([{}, { resolution: "low" }]);
});

test("candidates of a row have one instruction", async () => {
  const task = { name: "t", family: "f", concepts: "seen" as const, vendor: "v", queries: [{ text: "q" }] };
  const candidates = [
    { text: "a", instruction: "x" },
    { text: "b", instruction: "y" },
  ];
  const rows = [{ query: 0, candidates: [0, 1], positive: 0 }];
  await expect(writeTasksAsMmeb(join(folder, "odd"), [{ ...task, candidates, rows }], () => "GQA")).rejects.toThrow(DataError);
  await expect(stat(join(folder, "odd", "data"))).rejects.toThrow("ENOENT");
});
