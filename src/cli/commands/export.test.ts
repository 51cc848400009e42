import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runPolyvec, runPolyvecJson } from "../../../test/support/run-polyvec.ts";
import { TINY_LORA, tinyModel } from "../../../test/support/tiny-model.ts";
import { openModelFolder } from "../../model/folder/open-model-folder.ts";
import { saveModelFolder } from "../../model/folder/save-model-folder.ts";

let root = "";
let model = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-cli-export-"));
  model = join(root, "model");
  await saveModelFolder(model, tinyModel({ lora: TINY_LORA }));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function dtypeOf(folder: string, weight: string): Promise<string> {
  await using opened = await openModelFolder(folder);
  return opened.weights.info(weight).dtype;
}

const LAYER = "model.layers.0.mlp.down_proj.weight";

describe("polyvec export", () => {
  test("writes int8 if nothing is said, and tells how large it is", async () => {
    const out = join(root, "plain");
    const { code, out: told, err } = await runPolyvec("export", model, "--out", out);
    expect([code, told]).toEqual([0, expect.stringMatching(/plain: 0\.\d MB of weights, int8\n$/)]);
    expect(err).toMatch(/export \d+\/\d+ weights/);
    expect(await dtypeOf(out, LAYER)).toBe("I8");
    expect(await readdir(out)).toEqual(expect.arrayContaining(["README.md", "adapter_model.safetensors", "tokenizer.json"]));
  });

  test.each([
    ["float32", "F32"],
    ["f32", "F32"],
    ["float16", "F16"],
    ["f16", "F16"],
    ["int4", "U8"],
  ])("--dtype %s stores %s, and the folder embeds", async (dtype, stored) => {
    const out = join(root, `as ${dtype}`);
    const { code, values } = await runPolyvecJson("export", model, "--out", out, "--dtype", dtype, "--merge");
    expect([code, await dtypeOf(out, LAYER)]).toEqual([0, stored]);
    expect(values).toEqual([
      { model: out, dtype: dtype.replace(/^f(?=\d)/, "float"), merge: true, onnx: false, bytes: expect.any(Number) as number },
    ]);
    expect((await runPolyvec("embed", "--model", out, "a cat")).code).toBe(0);
  });

  test("replaces an older export, and nothing else", async () => {
    const out = join(root, "again");
    await runPolyvec("export", model, "--out", out, "--onnx");
    await writeFile(join(out, "mine.txt"), "kept");
    expect((await runPolyvec("export", model, "--out", out, "--dtype", "f16")).code).toBe(0);
    const names = await readdir(out);
    expect(names).toContain("mine.txt");
    expect(names.filter((name) => name.endsWith(".onnx"))).toEqual([]);
    const other = join(root, "other");
    await mkdir(other);
    await writeFile(join(other, "thesis.txt"), "years of work");
    const { code, error } = await runPolyvecJson("export", model, "--out", other);
    expect([code, error]).toEqual([
      1,
      expect.objectContaining({ code: "file", details: expect.objectContaining({ errno: "ENOTEMPTY" }) as unknown }),
    ]);
    expect(await readdir(other)).toEqual(["thesis.txt"]);
  });

  test("does not write a model over itself", async () => {
    const before = await readFile(join(model, "model.safetensors"));
    const { code, error } = await runPolyvecJson("export", model, "--out", join(root, "plain", "..", "model"));
    expect([code, error]).toEqual([
      1,
      expect.objectContaining({ code: "file", message: expect.stringMatching(/choose another folder/) as unknown }),
    ]);
    expect((await readFile(join(model, "model.safetensors"))).equals(before)).toBe(true);
  });

  test.each<[string, readonly string[], RegExp]>([
    ["no --out", [], /--out/],
    ["an unknown dtype", ["--out", "x", "--dtype", "int2"], /"int2" where one of float32, float16, int8, int4 was expected/],
    ["a dtype that is not written", ["--out", "x", "--dtype", "bf16"], /"bf16" where one of/],
  ])("%s is bad usage", async (_, args, message) => {
    const { code, error } = await runPolyvecJson("export", model, ...args);
    expect([code, error]).toEqual([2, expect.objectContaining({ message: expect.stringMatching(message) as unknown })]);
  });

  test("a model that is not there, or cut short, is named, and nothing is left", async () => {
    const missing = await runPolyvecJson("export", join(root, "nowhere"), "--out", join(root, "never"));
    expect([missing.code, missing.error]).toEqual([
      1,
      expect.objectContaining({ code: "file", message: expect.stringMatching(/nowhere/) as unknown }),
    ]);
    const cut = join(root, "cut");
    await mkdir(cut);
    for (const name of await readdir(model)) await copyFile(join(model, name), join(cut, name));
    await truncate(join(cut, "model.safetensors"), 5000);
    const damaged = await runPolyvecJson("export", cut, "--out", join(root, "never"));
    expect([damaged.code, damaged.error]).toEqual([1, expect.objectContaining({ code: "weights" })]);
    expect((await readdir(root)).filter((name) => name.includes("never"))).toEqual([]);
  });
});
