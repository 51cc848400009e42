import { spawnSync } from "node:child_process";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runPolyvec, runPolyvecJson } from "../../../test/support/run-polyvec.ts";
import { tinyModel } from "../../../test/support/tiny-model.ts";
import { expectFloat } from "../../engine/tensor/tensor.ts";
import { openModelFolder } from "../../model/folder/open-model-folder.ts";
import { saveModelFolder } from "../../model/folder/save-model-folder.ts";
import { openSafetensors } from "../../model/formats/safetensors.ts";

let root = "";
let model = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-cli-embed-"));
  model = join(root, "model");
  await saveModelFolder(model, tinyModel());
  await sharp({ create: { width: 24, height: 16, channels: 3, background: "red" } }).toFile(join(root, "red.png"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

interface Line {
  readonly id: string;
  readonly aggregate: number[];
  readonly paths?: number[][];
}

function linesOf(text: string): Line[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

async function writeRows(name: string, ...rows: readonly unknown[]): Promise<string> {
  const file = join(root, name);
  await writeFile(file, rows.map((row) => (typeof row === "string" ? row : JSON.stringify(row))).join("\n"));
  return file;
}

const embed = (...args: readonly string[]): ReturnType<typeof runPolyvec> => runPolyvec("embed", "--model", model, ...args);

describe("polyvec embed", () => {
  test("takes texts and images as arguments", async () => {
    const { code, out, err } = await embed("happy cat", join(root, "red.png"));
    const [text, image] = linesOf(out);
    expect([code, err]).toEqual([0, ""]);
    expect([text?.id, image?.id]).toEqual(["happy cat", join(root, "red.png")]);
    for (const vector of [text?.aggregate, image?.aggregate, ...(text?.paths ?? [])])
      expect(Math.hypot(...(vector ?? []))).toBeCloseTo(1, 5);
    expect([text?.aggregate.length, text?.paths?.length]).toEqual([32, 3]);
  });

  test("takes JSON lines, image paths relative to the file", async () => {
    const input = await writeRows("in.jsonl", { id: 7, text: "a cat" }, "", { image: "red.png", instruction: "a picture" });
    const { code, out, err } = await embed("--input", input, "--paths", "aggregate", "--dimensions", "4");
    expect(code).toBe(0);
    expect(linesOf(out)).toEqual([
      { id: "7", aggregate: [expect.any(Number), expect.any(Number), expect.any(Number), expect.any(Number)] },
      { id: "3", aggregate: expect.any(Array) as number[] },
    ]);
    expect(err).toMatch(/embed 2\/2 inputs/);
  });

  test("gives an instruction to inputs that have none", async () => {
    const input = await writeRows("told.jsonl", { text: "a cat", instruction: "find it" }, { text: "a cat" });
    const [own, given] = linesOf((await embed("--input", input, "--instruction", "find it")).out);
    const [, none] = linesOf((await embed("--input", input)).out);
    expect(given?.aggregate[0]).toBeCloseTo(own?.aggregate[0] ?? 0, 5);
    expect(none?.aggregate[0]).not.toBeCloseTo(own?.aggregate[0] ?? 0, 5);
  });

  test("runs one path", async () => {
    const [all] = linesOf((await embed("a cat")).out);
    const [single] = linesOf((await embed("a cat", "--paths", "single", "--path", "2")).out);
    expect(single?.aggregate[0]).toBeCloseTo(all?.paths?.[2]?.[0] ?? 0, 5);
  });

  test("writes JSON lines to a file", async () => {
    const output = join(root, "out.jsonl");
    const { values } = await runPolyvecJson("embed", "a cat", "--model", model, "--output", output);
    expect(values).toEqual([{ output, count: 1, skipped: 0, truncated: 0, model }]);
    expect(linesOf(await readFile(output, "utf8"))[0]?.id).toBe("a cat");
    expect((await readdir(root)).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });

  test("writes Parquet, several row groups of it", async () => {
    const rows = Array.from({ length: 1001 }, (_, row) => ({ id: `row ${row}`, text: row === 1000 ? "a dog" : "a cat" }));
    const output = join(root, "out.parquet");
    const { code } = await embed("--input", await writeRows("many.jsonl", ...rows), "--output", output, "--dimensions", "8");
    expect(code).toBe(0);
    const file = await asyncBufferFromFile(output);
    const metadata = await parquetMetadataAsync(file);
    expect([Number(metadata.num_rows), metadata.row_groups.length]).toEqual([1001, 2]);
    expect(metadata.key_value_metadata).toEqual([{ key: "polyvec.model", value: model }]);
    const read = (await parquetReadObjects({ file, rowStart: 999 })) as Record<string, number[]>[];
    const [dog] = linesOf((await embed("a dog", "--dimensions", "8")).out);
    expect(read.map(({ id }) => id)).toEqual(["row 999", "row 1000"]);
    expect(Object.keys(read[1] ?? {})).toEqual(["id", "aggregate", "path_0", "path_1", "path_2"]);
    expect(read[1]?.["path_1"]?.map(Math.fround)).toEqual(dog?.paths?.[1]?.map(Math.fround));
  });
});

describe("prompts as they stand, and the bare backbone", () => {
  const PICTURE = "<|vision_start|><|image_pad|><|vision_end|>";
  const rows = [
    { id: "text", prompt: "a cat<|endoftext|>" },
    { id: "two", prompt: `${PICTURE}a cat${PICTURE}`, images: ["red.png", "red.png"] },
  ];

  test("hidden states of all tokens, and their ids; the last is the embedding without paths", async () => {
    const input = await writeRows("prompts.jsonl", ...rows);
    const output = join(root, "hidden.safetensors");
    const { values } = await runPolyvecJson("embed", "--model", model, "--input", input, "--output", output);
    expect(values).toEqual([{ output, count: 2, skipped: 0, truncated: 0, model }]);
    const [text, two] = linesOf((await embed("--input", input, "--paths", "none", "--dtype", "f32")).out);
    expect([text?.paths, two?.paths]).toEqual([undefined, undefined]);
    await using file = await openSafetensors(output);
    expect(file.names).toEqual(["text", "text.input_ids", "two", "two.input_ids"]);
    for (const line of [text, two]) {
      const hidden = expectFloat(await file.read(line?.id ?? ""));
      const [tokens, width] = hidden.shape as [number, number];
      expect((await file.read(`${line?.id}.input_ids`)).shape).toEqual([tokens]);
      const last = hidden.data.subarray((tokens - 1) * width);
      const length = Math.hypot(...last);
      line?.aggregate.forEach((value, at) => expect(value).toBeCloseTo((last[at] as number) / length, 5));
    }
    const [withPaths] = linesOf((await embed("--input", input, "--paths", "aggregate")).out);
    expect(withPaths?.aggregate[0]).not.toBeCloseTo(text?.aggregate[0] ?? 0, 3);
  });

  test("no template is put around a prompt, nor an instruction before it", async () => {
    const input = await writeRows("alike.jsonl", { prompt: "a cat<|endoftext|>" }, { text: "a cat" });
    const [prompt, text] = linesOf((await embed("--input", input)).out);
    expect(prompt?.aggregate[0]).toBeCloseTo(text?.aggregate[0] ?? 0, 5);
    const [told] = linesOf((await embed("--input", input, "--instruction", "find it")).out);
    expect(told?.aggregate[0]).toBeCloseTo(prompt?.aggregate[0] ?? 0, 5);
  });

  test("a chat is laid out by the model's own template", async () => {
    const chatty = join(root, "chatty");
    await saveModelFolder(chatty, tinyModel());
    const template =
      "{% for m in messages %}{{ bos_token }}{% for c in m.content %}{{ c.text or '<|vision_start|><|image_pad|><|vision_end|>' }}{% endfor %}{% endfor %}{% if add_generation_prompt %}!{% endif %}";
    await writeFile(
      join(chatty, "tokenizer_config.json"),
      JSON.stringify({ chat_template: template, bos_token: { content: "<|im_start|>" } }),
    );
    const messages = [
      {
        role: "user",
        content: [
          { type: "text", text: "a cat" },
          { type: "image", image: "red.png" },
        ],
      },
    ];
    const prompt = `<|im_start|>a cat${PICTURE}`;
    const input = await writeRows("chat.jsonl", { messages }, { prompt, images: ["red.png"] }, { messages, add_generation_prompt: true });
    const [chat, same, open] = linesOf((await runPolyvec("embed", "--model", chatty, "--input", input)).out);
    expect(chat?.aggregate[0]).toBeCloseTo(same?.aggregate[0] ?? 0, 5);
    expect(open?.aggregate[0]).not.toBeCloseTo(same?.aggregate[0] ?? 0, 4);
    const without = await runPolyvecJson("embed", "--model", model, "--input", input);
    expect(without).toMatchObject({ code: 1, error: { code: "data", details: { row: 1 } } });
    expect((without.error as Error).message).toMatch(/has no chat template/);
  });

  test("--dtype f32 computes in float32 with weights that are stored in bytes", async () => {
    const small = join(root, "int8");
    const source = tinyModel();
    await saveModelFolder(small, source, { dtype: "int8" });
    await using folder = await openModelFolder(small);
    const plain = join(root, "plain");
    const weights = new Map(
      await Promise.all([...source.weights.keys()].map(async (name) => [name, await folder.weights.read(name)] as const)),
    );
    await saveModelFolder(plain, { ...source, weights });
    const vectorOf = async (...args: readonly string[]): Promise<number[]> =>
      linesOf((await runPolyvec("embed", "a cat", "--paths", "aggregate", ...args)).out)[0]?.aggregate ?? [];
    const expected = await vectorOf("--model", plain);
    (await vectorOf("--model", small, "--dtype", "f32")).forEach((value, at) => expect(value).toBeCloseTo(expected[at] ?? 0, 5));
  });

  test.each([
    [{ prompt: "a", text: "b" }, "text is not a known field", { field: "text" }],
    [{ prompt: "a", images: "red.png" }, "expected array", { field: "images" }],
    [{ prompt: "" }, "the prompt is empty", {}],
    [{ messages: [] }, "messages", { field: "messages" }],
    [{ messages: [{ role: "user", content: [{ type: "video" }] }] }, "messages", {}],
    [{ prompt: "a", images: ["red.png"] }, "0 image tokens and 1 images", { places: 0, images: 1 }],
    [{ prompt: PICTURE }, "1 image tokens and 0 images", { places: 1, images: 0 }],
    [{ prompt: PICTURE, images: ["nowhere.png"] }, "there is no such file", { reason: "unreadable" }],
  ])("row %j is named and ends with 1", async (row, message, details) => {
    const input = await writeRows("bad-prompt.jsonl", { prompt: "a cat" }, row);
    const { code, error } = await runPolyvecJson("embed", "--model", model, "--input", input);
    expect([code, error]).toEqual([
      1,
      expect.objectContaining({ code: "data", details: expect.objectContaining({ row: 2, ...details }) as unknown }),
    ]);
    expect((error as Error).message).toContain(message);
  });

  test("two rows of one id would have hidden states of one name", async () => {
    const input = await writeRows("twice.jsonl", { id: "a", text: "a cat" }, { id: "a", text: "a dog" });
    const output = join(root, "twice.safetensors");
    const { code, error } = await runPolyvecJson("embed", "--model", model, "--input", input, "--output", output);
    expect([code, error]).toEqual([
      1,
      expect.objectContaining({ code: "data", details: expect.objectContaining({ row: 2, id: "a" }) as unknown }),
    ]);
    const { values } = await runPolyvecJson("embed", "--model", model, "--input", input, "--output", output, "--skip-bad");
    expect(values).toMatchObject([{ count: 1, skipped: 1 }]);
  });

  test.each([
    ["--output", "hidden"],
    ["--output", "a.safetensors", "--paths", "all"],
    ["--output", "a.safetensors", "--dimensions", "4"],
    ["--output", "a.safetensors", "--format", "jsonl"],
    ["--dtype", "f16"],
  ])("polyvec embed %s %s %s %s is wrong usage", async (...args) => {
    const { code, error } = await runPolyvecJson("embed", "a cat", "--model", model, ...args);
    expect([code, error]).toEqual([2, expect.objectContaining({ code: "usage" })]);
  });
});

describe("bad input", () => {
  test.each([
    ['{"text": "a"', "not JSON", {}],
    [{ txt: "a" }, "did you mean text?", { field: "txt" }],
    [{ text: 5 }, "expected string", { field: "text" }],
    [{ id: "x" }, "empty", {}],
    [{ image: "nowhere.png" }, "there is no such file", { reason: "unreadable" }],
    [{ image: "in.txt" }, "not a picture", { reason: "unknown-format" }],
  ])("row %j is named and ends with 1", async (row, message, details) => {
    await writeFile(join(root, "in.txt"), "no picture");
    const input = await writeRows("bad.jsonl", { text: "a cat" }, row, { text: "a dog" });
    const { code, error } = await runPolyvecJson("embed", "--model", model, "--input", input);
    expect(code).toBe(1);
    expect(error).toMatchObject({ code: "data", details: { file: input, row: 2, ...details } });
    expect((error as Error).message).toContain(`${input}, row 2`);
    expect((error as Error).message).toContain(message);
  });

  test("--skip-bad leaves bad rows out and counts them", async () => {
    const input = await writeRows("skip.jsonl", { text: "a cat" }, "{", { image: "nowhere.png" }, { text: "a dog" });
    const { code, out, err } = await embed("--input", input, "--skip-bad");
    expect([code, linesOf(out).map(({ id }) => id)]).toEqual([0, ["1", "4"]]);
    expect(err).toMatch(/skipped: .*row 2 is not JSON[^]*skipped: .*row 3[^]*2 rows were skipped/);
  });

  test("what was made before a bad row is kept", async () => {
    const rows = Array.from({ length: 20 }, () => ({ text: "a cat" }));
    const output = join(root, "kept.jsonl");
    const input = await writeRows("stops.jsonl", ...rows, { image: "nowhere.png" });
    const { code, err } = await embed("--input", input, "--output", output, "--batch-size", "2");
    expect(code).toBe(1);
    expect(err).toContain(`20 embeddings are in ${output}.partial`);
    expect(linesOf(await readFile(`${output}.partial`, "utf8")).length).toBe(20);
  });

  test("truncated weights", async () => {
    const broken = join(root, "broken");
    await saveModelFolder(broken, tinyModel());
    await truncate(join(broken, "model.safetensors"), 5000);
    const { code, error } = await runPolyvecJson("embed", "a cat", "--model", broken);
    expect(code).toBe(1);
    expect(error).toMatchObject({ code: "weights", details: { file: join(broken, "model.safetensors") } });
  });

  test.each([
    ["config.json", "hidden_sise", 32, { code: "config", details: { field: "hidden_sise" } }],
    ["config.json", "model_type", "llava", { code: "config", details: { field: "model_type", got: "llava" } }],
    ["config.json", "intermediate_size", 64, { code: "weights", details: { tensor: "model.layers.0.mlp.gate_proj.weight" } }],
    ["polyvec.json", "paths", { count: 0 }, { code: "config" }],
  ])("a model whose %s says %s: %j", async (name, field, value, expected) => {
    const wrong = join(root, "wrong");
    await saveModelFolder(wrong, tinyModel());
    const json = JSON.parse(await readFile(join(wrong, name), "utf8")) as object;
    await writeFile(join(wrong, name), JSON.stringify({ ...json, [field]: value }));
    const { code, error } = await runPolyvecJson("embed", "a cat", "--model", wrong);
    expect(code).toBe(1);
    expect(error).toMatchObject(expected);
  });

  test.each([
    [["a cat", "--model", "nowhere"], 1, "file"],
    [["--input", "nowhere.jsonl"], 1, "file"],
    [["a cat", "--input", "in.jsonl"], 2, "usage"],
    [["a cat", "--format", "parquet"], 2, "usage"],
    [["a cat", "--path", "1"], 2, "usage"],
    [["a cat", "--paths", "single", "--path", "3"], 1, "config"],
    [["a cat", "--dimensions", "33"], 1, "config"],
    [["a cat", "--dimensions", "-1"], 2, "usage"],
    [["a cat", "--output", "nowhere/out.jsonl"], 1, "file"],
    [["a cat", "--output", "nowhere/out.parquet"], 1, "file"],
  ])("polyvec embed %j ends with %i", async (args, code, kind) => {
    const result = await runPolyvecJson("embed", "--model", model, ...args);
    expect([result.code, result.error]).toEqual([code, expect.objectContaining({ code: kind })]);
  });
});

test("rows come from stdin", { timeout: 120_000 }, () => {
  const script = join(import.meta.dirname, "../main.ts");
  const run = (input: string): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, ["--import", "tsx", script, "embed", "--model", model], { input, encoding: "utf8" });
  const good = run('{"text":"a cat"}\r\n{"text":"a dog"}');
  expect([good.status, linesOf(good.stdout).length, good.stderr]).toEqual([0, 2, ""]);
  const bad = run("a cat\n");
  expect([bad.status, bad.stdout]).toEqual([1, ""]);
  expect(bad.stderr).toMatch(/^error \(data\): stdin, row 1 is not JSON/);
});

test("hidden states go to stdout", { timeout: 120_000 }, async () => {
  const script = join(import.meta.dirname, "../main.ts");
  const args = ["--import", "tsx", script, "embed", "a cat", "--model", model, "--output", "hidden"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args);
  expect([status, stderr.toString()]).toEqual([0, ""]);
  const file = join(root, "stdout.safetensors");
  await writeFile(file, stdout);
  await using hidden = await openSafetensors(file);
  expect(hidden.names).toEqual(["a cat", "a cat.input_ids"]);
});
