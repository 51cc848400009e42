import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TOPOLOGIES } from "../../test/support/model-checks.ts";
import { thrownBy } from "../../test/support/thrown-by.ts";
import { tinyModel, TINY_LORA, TINY_PATHS } from "../../test/support/tiny-model.ts";
import { GraphSession } from "../engine/runtime/graph-session.ts";
import { AbortedError, ConfigError, DisposedError, ProcessorError, WeightsError } from "../errors/families.ts";
import type { PolyvecError } from "../errors/polyvec-error.ts";
import type { EmbeddingInput, RawImage } from "../inputs/embedding-input.ts";
import { modelInputs } from "../model/multimodal/model-inputs.ts";
import { visionModeOf } from "../model/multimodal/token-batch.ts";
import { embeddingGraph } from "../model/multimodal/model.ts";
import { openModelFolder } from "../model/folder/open-model-folder.ts";
import { saveModelFolder, type ModelContents, type SaveModelOptions } from "../model/folder/save-model-folder.ts";
import { Embedder, type EmbeddingOutcome } from "./embedder.ts";
import type { EmbedProgress } from "./embed-options.ts";
import { embeddingModelOf, loadModel } from "./load-model.ts";

let root = "";
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), "polyvec-embed-"))));
afterAll(() => rm(root, { recursive: true, force: true }));

let saved = 0;
async function load(contents: ModelContents = tinyModel(), options: SaveModelOptions = {}): Promise<Embedder> {
  const path = join(root, `model-${saved++}`);
  await saveModelFolder(path, contents, options);
  return loadModel(path, { threads: 1 });
}

/** A picture of one colour with a dark corner. */
function picture(width: number, height: number, colour: number): RawImage {
  const data = new Uint8Array(width * height * 3).fill(colour);
  data.fill(10, 0, width * 3);
  return { width, height, data };
}

const INPUTS: readonly EmbeddingInput[] = [
  { text: "a happy cat" },
  { image: picture(16, 16, 200) },
  { text: "cats and dogs, and a red apple that somebody drew", instruction: "find the picture" },
  { image: picture(32, 16, 90), text: "a dog" },
  { image: picture(16, 16, 30), instruction: "a picture" },
  { text: "b" },
];

function flat(vectors: readonly Float32Array[]): number[] {
  return vectors.flatMap((vector) => [...vector]);
}

function expectClose(got: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5): void {
  expect(got.length).toBe(expected.length);
  const worst = Math.max(...Array.from(got, (value, at) => Math.abs(value - (expected[at] as number))));
  expect(worst).toBeLessThan(tolerance);
}

test("a chat is laid out by the model's own template, and is the prompt that it makes", async () => {
  const path = join(root, "chat");
  await saveModelFolder(path, tinyModel());
  const template =
    "{% for m in messages %}{{ m.role }}: {% for p in m.content %}{% if p.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ p.text }}{% endif %}{% endfor %}{% endfor %}{% if add_generation_prompt %}<|endoftext|>{% endif %}";
  await writeFile(join(path, "chat_template.jinja"), template);
  await using model = await loadModel(path, { threads: 1 });
  const [first, second] = [picture(16, 16, 200), picture(32, 16, 90)];
  const content = [
    { type: "image", image: first },
    { type: "text", text: "a cat" },
    { type: "image", image: second },
  ] as const;
  const vision = "<|vision_start|><|image_pad|><|vision_end|>";
  const prompt = { prompt: `user: ${vision}a cat${vision}<|endoftext|>`, images: [first, second] };
  const [chat, open, verbatim] = await model.embed([
    { messages: [{ role: "user", content }], addGenerationPrompt: true },
    { messages: [{ role: "user", content }] },
    prompt,
  ]);
  expectClose(flat(chat?.paths ?? []), flat(verbatim?.paths ?? []));
  expect(flat(open?.paths ?? [])).not.toEqual(flat(verbatim?.paths ?? []));
});

test("weights that are used as they lie, not laid out for the kernels, give the same embeddings", async () => {
  const path = join(root, "as they lie");
  await saveModelFolder(path, tinyModel());
  await using packed = await loadModel(path, { threads: 1 });
  await using plain = await loadModel(path, { threads: 1, prepacking: false });
  const [a, b] = [await packed.embed(INPUTS), await plain.embed(INPUTS)];
  a.forEach(({ paths }, at) => expectClose(flat(paths), flat(b[at]?.paths ?? [])));
});

test("a chat for a model without a template is an error that names the input", async () => {
  await using model = await load();
  const error = await thrownBy(() => model.embed([{ text: "a cat" }, { messages: [{ role: "user", content: "hello" }] }]));
  expect(error).toBeInstanceOf(ProcessorError);
  expect(error).toMatchObject({ details: { input: 1 }, message: expect.stringMatching(/input 1: .*no chat template/) as unknown });
});

describe("embeddings", () => {
  test("have unit length and do not depend on what they are batched with", async () => {
    await using model = await load();
    const together = await model.embed(INPUTS);
    const alone = await model.embed(INPUTS, { batchSize: 1 });
    together.forEach(({ aggregate, paths }, index) => {
      expect([aggregate.length, paths.length]).toEqual([32, 3]);
      for (const vector of [aggregate, ...paths]) expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
      expectClose(aggregate, alone[index]?.aggregate ?? []);
      expectClose(flat(paths), flat(alone[index]?.paths ?? []));
    });
    const [first, second] = together;
    expect(flat(first?.paths.slice(0, 1) ?? [])).not.toEqual(flat(first?.paths.slice(1, 2) ?? []));
    expect(first?.aggregate).not.toEqual(second?.aggregate);
  });

  test.each([
    ["merged", TINY_LORA, "float32", 1e-5],
    ["merged", { ...TINY_LORA, dora: true }, "float32", 1e-5],
    ["beside the weights", TINY_LORA, "float32", 1e-5],
    ["beside the weights", { ...TINY_LORA, dora: true }, "float32", 1e-5],
    ["beside weights in halves", TINY_LORA, "float16", 1e-3],
    ["beside weights in halves", { ...TINY_LORA, dora: true }, "float16", 1e-3],
  ] as const)("are what the model's graph gives, adapters %s: %j, %s", async (how, lora, dtype, tolerance) => {
    const contents = tinyModel({ lora });
    const path = join(root, `model-${saved++}`);
    await saveModelFolder(path, contents, { dtype });
    await using model = await loadModel(path, { threads: 1, mergeAdapter: how === "merged" });
    await using folder = await openModelFolder(model.name);
    const { backbone, polyvec } = contents;
    const batch = await folder.processor.processBatch(INPUTS, { maxTokens: 64 });
    const { graph } = embeddingGraph({ backbone, paths: polyvec.paths, vision: visionModeOf(batch), lora });
    await using session = await GraphSession.create(graph, { threads: 1 });
    const expected = await session.run({ ...modelInputs(backbone, polyvec.paths, batch), ...Object.fromEntries(contents.weights) });
    const set = await model.embedSet(INPUTS);
    expect([set.count, set.pathCount, set.dimensions]).toEqual([6, 3, 32]);
    expectClose(set.aggregate, expected["aggregate"]?.data as Float32Array, tolerance);
    expectClose(set.paths, expected["paths"]?.data as Float32Array, tolerance);
  });

  test.each([
    ["float16", 1e-3],
    ["int8", 5e-2],
  ] as const)("from weights in %s are nearly the same", async (dtype, tolerance) => {
    await using exact = await load();
    await using rough = await load(tinyModel(), { dtype });
    const [expected, got] = [await exact.embedSet(INPUTS), await rough.embedSet(INPUTS)];
    expectClose(got.paths, expected.paths, tolerance);
    expect(got.paths).not.toEqual(expected.paths);
  });

  test("take inputs one at a time, from a stream", async () => {
    await using model = await load();
    async function* stream(): AsyncGenerator<EmbeddingInput> {
      for (let round = 0; round < 20; round++) yield* INPUTS;
    }
    const outcomes: EmbeddingOutcome[] = [];
    for await (const outcome of model.embedEach(stream(), { batchSize: 4 })) outcomes.push(outcome);
    expect(outcomes.map(({ index }) => index)).toEqual(Array.from({ length: 120 }, (_, index) => index));
    expectClose(outcomes[115]?.embedding?.aggregate ?? [], outcomes[1]?.embedding?.aggregate ?? []);
  });

  test("of nothing are nothing", async () => {
    await using model = await load();
    expect(await model.embed([])).toEqual([]);
    expect((await model.embedSet([])).count).toBe(0);
  });
});

describe.each(TOPOLOGIES)("with topology %o", (topology) => {
  test("a single path is what that path gives among all", async () => {
    await using model = await load(tinyModel({ paths: { ...TINY_PATHS, topology } }));
    const all = await model.embed(INPUTS);
    for (const path of [0, 2]) {
      const single = await model.embed(INPUTS, { paths: "single", pathIndices: [path] });
      single.forEach(({ aggregate, paths }, index) => {
        expect(paths.length).toBe(1);
        expectClose(aggregate, all[index]?.paths[path] ?? []);
        expectClose(flat(paths), aggregate);
      });
    }
  });
});

describe("options", () => {
  test("single runs the first path, whatever runs beside it", async () => {
    await using model = await load();
    const [all, single] = await Promise.all([model.embed(INPUTS), model.embed(INPUTS, { paths: "single" })]);
    single.forEach(({ aggregate }, index) => expectClose(aggregate, all[index]?.paths[0] ?? []));
  });

  test("aggregate leaves the paths out", async () => {
    await using model = await load();
    const all = await model.embedSet(INPUTS);
    const [first] = await model.embed(INPUTS, { paths: "aggregate" });
    expect(first?.paths).toEqual([]);
    const set = await model.embedSet(INPUTS, { paths: "aggregate" });
    expect(set).toEqual({ count: 6, pathCount: 1, dimensions: 32, aggregate: all.aggregate, paths: all.aggregate });
  });

  test("chosen paths come in the order asked for; a mean is the mean of these", async () => {
    await using model = await load(tinyModel({ paths: { ...TINY_PATHS, aggregation: "mean" } }));
    const all = await model.embed(INPUTS);
    const some = await model.embed(INPUTS, { pathIndices: [2, 0] });
    some.forEach(({ aggregate, paths }, index) => {
      const expected = [2, 0].map((path) => all[index]?.paths[path] ?? new Float32Array());
      expectClose(flat(paths), flat(expected));
      const sum = Array.from(expected[0] ?? [], (value, at) => value + (expected[1]?.[at] ?? 0));
      expectClose(aggregate, sum.map((value) => value / Math.hypot(...sum))); // prettier-ignore
    });
  });

  test("dimensions keeps the first numbers, at unit length", async () => {
    await using model = await load();
    const [whole] = await model.embed(INPUTS.slice(0, 1));
    const [cut] = await model.embed(INPUTS.slice(0, 1), { dimensions: 8 });
    const kept = [...(whole?.aggregate.slice(0, 8) ?? [])];
    expectClose(cut?.aggregate ?? [], kept.map((value) => value / Math.hypot(...kept))); // prettier-ignore
    expect(cut?.paths.map((path) => path.length)).toEqual([8, 8, 8]);
  });

  test.each([
    [{ dimensions: 33 }, "dimensions"],
    [{ dimensions: 0 }, "dimensions"],
    [{ batchSize: 1.5 }, "batchSize"],
    [{ pathIndices: [3] }, "pathIndices"],
    [{ paths: "single", pathIndices: [0, 1] }, "pathIndices"],
  ] as const)("%j is refused", async (options, field) => {
    await using model = await load();
    const error = (await thrownBy(() => model.embed(INPUTS, options))) as ConfigError;
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.details["field"]).toBe(field);
  });

  test("progress counts inputs and texts that were cut", async () => {
    await using model = await load();
    const told: EmbedProgress[] = [];
    const long = { text: "a red apple ".repeat(50) };
    await model.embed([...INPUTS, long], { batchSize: 2, onProgress: (progress) => told.push(progress) });
    expect(told.at(-1)).toEqual({ done: 7, total: 7, truncated: 1 });
    expect(told.length).toBeGreaterThan(3);
  });
});

describe("bad input", () => {
  test("is named by its index and its file, and does not stop a stream", async () => {
    await using model = await load();
    const broken = join(root, "broken.png");
    await writeFile(broken, "this is no picture");
    const inputs = [INPUTS[0] ?? {}, { image: join(root, "nowhere.png") }, { image: broken, text: "a" }, {}, INPUTS[1] ?? {}];
    const outcomes: EmbeddingOutcome[] = [];
    for await (const outcome of model.embedEach(inputs)) outcomes.push(outcome);
    expect(outcomes.map(({ error }) => error?.message.slice(0, 8))).toEqual([undefined, "input 1:", "input 2:", "input 3:", undefined]);
    expect(outcomes[2]?.error).toMatchObject({ details: { file: broken, reason: "unknown-format", input: 2 } });
    const error = (await thrownBy(() => model.embed(inputs))) as ProcessorError;
    expect(error).toBeInstanceOf(ProcessorError);
    expect(error.details).toMatchObject({ input: 1, file: join(root, "nowhere.png") });
  });

  test("an image too large for the model's tokens", async () => {
    const contents = tinyModel();
    await using model = await load({ ...contents, polyvec: { ...contents.polyvec, maxTokens: 6 } });
    const error = (await thrownBy(() => model.embed([{ text: "a" }, { image: picture(32, 32, 9) }]))) as ProcessorError;
    expect(error.details).toMatchObject({ input: 1, maxTokens: 6, imageTokens: 16 });
  });

  test("weights that are not numbers", async () => {
    const contents = tinyModel();
    contents.weights.get("model.norm.weight")?.data.fill(NaN);
    await using model = await load(contents);
    expect(await thrownBy(() => model.embed(INPUTS))).toBeInstanceOf(WeightsError);
  });

  test("no such model", async () => {
    const error = (await thrownBy(() => loadModel("emoji-huge"))) as PolyvecError;
    expect([error.code, error.message]).toEqual(["file", expect.stringContaining("there is no model emoji-huge") as string]);
  });
});

describe("an embedder", () => {
  test("stops on request", async () => {
    await using model = await load();
    const stop = new AbortController();
    const many = Array.from({ length: 64 }, () => INPUTS[0] ?? {});
    const running = model.embed(many, { batchSize: 1, signal: stop.signal, onProgress: () => stop.abort() });
    expect(await thrownBy(() => running)).toBeInstanceOf(AbortedError);
    expect(await thrownBy(() => model.embed(many, { signal: AbortSignal.abort() }))).toBeInstanceOf(AbortedError);
  });

  test("can be disposed, once and for all", async () => {
    const model = await load();
    await model.embed(INPUTS);
    await Promise.all([model.dispose(), model.dispose()]);
    const error = (await thrownBy(() => model.embed(INPUTS))) as DisposedError;
    expect(error).toBeInstanceOf(DisposedError);
    expect(error.message).toContain(model.name);
  });

  test("leaves the event loop free on a thread of its own", { timeout: 120_000 }, async () => {
    await using model = await load();
    await using threaded = await loadModel(model.name, { threads: 1, worker: true });
    let ticks = 0;
    const ticking = setInterval(() => ticks++, 1);
    const texts = INPUTS.slice(0, 1);
    const got = await threaded.embedSet(texts);
    clearInterval(ticking);
    const expected = await model.embedSet(texts);
    expectClose(got.paths, expected.paths);
    expectClose(got.aggregate, expected.aggregate);
    expect(ticks).toBeGreaterThan(0);
  });

  test("reads weights only for the kinds of batches that come", async () => {
    const contents = tinyModel();
    const path = join(root, `model-${saved++}`);
    await saveModelFolder(path, contents, { dtype: "float16" });
    const source = embeddingModelOf(await openModelFolder(path));
    const read: string[] = [];
    await using model = new Embedder({
      ...source,
      locateWeight: () => undefined,
      readWeight: (name) => (read.push(name), source.readWeight(name)),
    });
    await model.embed([{ text: "a" }]);
    expect(read.some((name) => name.startsWith("visual."))).toBe(false);
    const before = read.length;
    await model.embed([{ text: "another" }], { paths: "aggregate" });
    expect(read.length).toBe(before);
    await model.embed([{ image: picture(16, 16, 9) }]);
    expect(read.some((name) => name.startsWith("visual."))).toBe(true);
  });
});

describe("many pictures from files", () => {
  const MANY = 150;
  const pictures: EmbeddingInput[] = [];
  beforeAll(async () => {
    const folder = await mkdtemp(join(root, "pictures-"));
    for (let at = 0; at < MANY; at++) {
      const [width, height] = [600 + 40 * (at % 5), 600 + 40 * (at % 3)]; // large enough for threads
      const { data } = picture(width, height, at);
      const file = join(folder, `${at}.png`);
      await sharp(data, { raw: { width, height, channels: 3 } }).png().toFile(file); // prettier-ignore
      pictures.push(at % 7 === 0 ? { image: file, text: `picture ${at}` } : { image: file });
    }
    await writeFile(join(folder, "90.png"), "no picture");
  });

  /** What became of each, by its place. */
  async function outcomes(pictureThreads: number): Promise<unknown[]> {
    await using model = await loadModel(join(root, "many"), { threads: 1, pictureThreads });
    const all: unknown[] = [];
    for await (const { index, embedding, error } of model.embedEach(pictures, { batchSize: 8 }))
      all.push({ index, embedding, error: error && { message: error.message, ...(error as PolyvecError).details } });
    return all;
  }

  test("decoded in threads or not, all is the same to the last bit, errors too", async () => {
    await saveModelFolder(join(root, "many"), tinyModel());
    const plain = await outcomes(0);
    expect(plain).toHaveLength(MANY);
    expect(plain[90]).toMatchObject({
      index: 90,
      error: { input: 90, reason: "unknown-format", file: (pictures[90] as { image: string }).image },
    });
    expect(await outcomes(1)).toEqual(plain);
  });

  test("stopped, it leaves nothing running", async () => {
    await saveModelFolder(join(root, "many"), tinyModel());
    await using model = await loadModel(join(root, "many"), { threads: 1, pictureThreads: 1 });
    const stop = new AbortController();
    const embedding = model.embed([...pictures.slice(0, 80), ...pictures.slice(91)], {
      batchSize: 8,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    expect(await thrownBy(() => embedding)).toBeInstanceOf(AbortedError);
  });
});
