import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TINY_LORA, tinyModel } from "../../test/support/tiny-model.ts";
import { tinyPicture } from "../../test/support/training/tiny-trainable.ts";
import { loadModel } from "./load-model.ts";
import { AbortedError } from "../errors/families.ts";
import { quantizedNames } from "../model/formats/quantized-names.ts";
import { openSafetensors } from "../model/formats/safetensors.ts";
import { exportModelFolder, type ExportOptions } from "../model/folder/export-model-folder.ts";
import { openModelFolder } from "../model/folder/open-model-folder.ts";
import { saveModelFolder } from "../model/folder/save-model-folder.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-export-"));
  await saveModelFolder(join(root, "model"), tinyModel({ lora: TINY_LORA }));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const INPUTS = [{ text: "a happy cat" }, { image: tinyPicture(1, 16, 16), instruction: "find" }, { image: tinyPicture(2, 16, 8) }];

async function embed(folder: string): Promise<Float32Array[]> {
  await using model = await loadModel(folder);
  return (await model.embed(INPUTS, { paths: "all" })).flatMap(({ aggregate, paths }) => [aggregate, ...paths]);
}

async function exported(name: string, options: Partial<ExportOptions>): Promise<string> {
  await using model = await openModelFolder(join(root, "model"));
  const folder = join(root, name);
  await exportModelFolder(model, folder, { dtype: "int8", merge: true, onnx: false, ...options });
  return folder;
}

const cosines = (a: readonly Float32Array[], b: readonly Float32Array[]): number[] =>
  a.map((vector, at) => vector.reduce((sum, value, place) => sum + value * (b[at]?.[place] ?? 0), 0));

describe("an exported model", () => {
  test.each([
    ["float32", 1e-5],
    ["float16", 1e-4],
    ["int8", 0.02],
    ["int4", 0.1],
  ] as const)("embeds as before, from %s, with its adapter merged", async (dtype, tolerance) => {
    const folder = await exported(`merged ${dtype}`, { dtype });
    expect(await readdir(folder)).not.toContain("adapter_config.json");
    for (const cosine of cosines(await embed(join(root, "model")), await embed(folder))) expect(cosine).toBeGreaterThan(1 - tolerance);
  });

  test("or with its adapter beside it, as PEFT has it", async () => {
    const folder = await exported("unmerged", { dtype: "float32", merge: false });
    await using model = await openModelFolder(folder);
    expect(model.lora).toEqual(TINY_LORA);
    for (const cosine of cosines(await embed(join(root, "model")), await embed(folder))) expect(cosine).toBeGreaterThan(1 - 1e-5);
  });

  test("holds linear layers in columns, the token table in rows, and all else as float32", async () => {
    await using weights = await openSafetensors(await exported("layout", {}));
    const layer = "model.layers.0.mlp.down_proj.weight";
    expect(weights.info(quantizedNames(layer, "columns").values)).toMatchObject({ dtype: "I8", shape: [48, 32] });
    expect(weights.info(quantizedNames(layer, "columns").scales)).toMatchObject({ dtype: "F32", shape: [32] });
    expect(weights.info("model.embed_tokens.weight").dtype).toBe("I8");
    expect(["model.norm.weight", "visual.patch_embed.proj.weight", "model.layers.0.self_attn.q_proj.bias"].map((name) => weights.info(name).dtype)).toEqual(["F32", "F32", "F32"]); // prettier-ignore
  });

  test("is read back as float32 by whoever asks, and exported again", async () => {
    const folder = await exported("once", {});
    await using model = await openModelFolder(folder);
    await using original = await openModelFolder(join(root, "merged float32"));
    for (const name of model.weights.shapes.keys()) {
      const [got, expected] = [await model.weights.read(name), await original.weights.read(name)];
      const largest = Math.max(...expected.data.map(Math.abs));
      expect(Math.max(...got.data.map((value, at) => Math.abs(value - (expected.data[at] ?? 0)))), name).toBeLessThanOrEqual(largest / 200);
    }
    const again = join(root, "twice");
    await exportModelFolder(model, again, { dtype: "int8", merge: true, onnx: false });
    expect(await embed(again)).toEqual(await embed(folder));
  });

  test("that is interrupted leaves nothing behind", async () => {
    const stop = new AbortController();
    const onProgress = (done: number): void => (done === 3 ? stop.abort(new AbortedError({ message: "enough" })) : undefined);
    await expect(exported("interrupted", { signal: stop.signal, onProgress })).rejects.toMatchObject({
      code: "aborted",
      message: "enough",
    });
    expect((await readdir(root)).filter((name) => name.includes("interrupted"))).toEqual([]);
  });

  test("with ONNX files that refer to its weights", async () => {
    const folder = await exported("onnx", { onnx: true });
    expect(await readdir(folder)).toEqual(expect.arrayContaining(["embed-images.onnx", "embed-text.onnx", "model.safetensors"]));
  });
});
