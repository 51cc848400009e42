import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile, cp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { tinyModel, TINY_LORA, TINY_PATHS } from "../../../test/support/tiny-model.ts";
import { floatTensor, type Tensor } from "../../engine/tensor/tensor.ts";
import { ConfigError, FileError, WeightsError } from "../../errors/families.ts";
import type { PolyvecError } from "../../errors/polyvec-error.ts";
import { openSafetensors, writeSafetensors } from "../formats/safetensors.ts";
import { openModelFolder } from "./open-model-folder.ts";
import { saveModelFolder, type ModelContents, type SaveModelOptions } from "./save-model-folder.ts";

let root = "";
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), "polyvec-folder-"))));
afterAll(() => rm(root, { recursive: true, force: true }));

let saved = 0;
async function save(contents: ModelContents = tinyModel(), options: SaveModelOptions = {}): Promise<string> {
  const path = join(root, `model-${saved++}`);
  await saveModelFolder(path, contents, options);
  return path;
}

/** Changes one JSON file of a model folder. */
async function edit(path: string, name: string, change: (json: Record<string, unknown>) => void): Promise<void> {
  const json = JSON.parse(await readFile(join(path, name), "utf8")) as Record<string, unknown>;
  change(json);
  await writeFile(join(path, name), JSON.stringify(json));
}

async function readAll(file: string): Promise<Map<string, Tensor>> {
  await using weights = await openSafetensors(file);
  return new Map(await Promise.all(weights.names.map(async (name) => [name, await weights.read(name)] as const)));
}

function pick(tensors: ReadonlyMap<string, Tensor>, names: readonly string[]): Map<string, Tensor> {
  return new Map([...tensors].filter(([name]) => names.includes(name)));
}

async function failure(path: string): Promise<PolyvecError> {
  return (await thrownBy(async () => (await openModelFolder(path)).close())) as PolyvecError;
}

describe("a saved model", () => {
  test.each([
    ["float32", 0],
    ["float16", 2e-3],
    ["int8", 4e-2],
  ] as const)("comes back from %s with an error of at most %f", async (dtype, tolerance) => {
    const contents = tinyModel({ lora: TINY_LORA });
    await using model = await openModelFolder(await save(contents, { dtype }));
    expect(model.backbone.toHuggingFaceConfig()).toEqual(contents.backbone.toHuggingFaceConfig());
    expect(model.polyvec).toEqual({ ...contents.polyvec, backbone: "qwen2_vl" });
    expect(model.processor.images.toHuggingFaceConfig()).toEqual(contents.images.toHuggingFaceConfig());
    expect(model.lora).toEqual(TINY_LORA);
    expect([...model.weights.shapes.keys()].sort()).toEqual([...contents.weights.keys()].sort());
    for (const [name, expected] of contents.weights) {
      const { shape, data } = await model.weights.read(name);
      expect(shape, name).toEqual(expected.shape);
      const largest = expected.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(Math.max(...data.map((value, at) => Math.abs(value - (expected.data[at] as number)))), name).toBeLessThanOrEqual(
        tolerance * largest,
      );
    }
  });

  test("has the files and the layout of Hugging Face and PEFT", async () => {
    const path = await save(tinyModel({ lora: TINY_LORA }));
    expect((await readdir(path)).sort()).toEqual([
      "README.md",
      "adapter_config.json",
      "adapter_model.safetensors",
      "config.json",
      "model.safetensors",
      "paths.safetensors",
      "polyvec.json",
      "preprocessor_config.json",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    await using weights = await openSafetensors(join(path, "model.safetensors"));
    expect(weights.info("visual.patch_embed.proj.weight").shape).toEqual([16, 3, 2, 4, 4]);
    await using adapter = await openSafetensors(join(path, "adapter_model.safetensors"));
    expect(adapter.names[0]).toBe("base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_A.weight");
  });

  test("keeps weights of the backbone that embedding does not need, and names them", async () => {
    const contents = tinyModel();
    const weights = new Map(contents.weights).set("lm_head.weight", floatTensor([2, 2], [1, 2, 3, 4]));
    await using model = await openModelFolder(await save({ ...contents, weights }));
    expect(model.weights.unused).toEqual(["lm_head.weight"]);
  });

  test("may leave the backbone to another folder", async () => {
    const base = await save(tinyModel({ paths: { count: 1, prefixLength: 0, topology: { kind: "parallel" }, aggregation: "mean" } }));
    const contents = tinyModel({ lora: TINY_LORA });
    const path = await save({ ...contents, polyvec: { ...contents.polyvec, base: `../${base.slice(root.length + 1)}` }, tokenizer: base });
    expect(await readdir(path)).not.toContain("model.safetensors");
    await using model = await openModelFolder(path);
    expect(model.basePath).toBe(base);
    await rm(base, { recursive: true });
    const error = await failure(path);
    expect(error).toBeInstanceOf(FileError);
    expect(error.message).toContain(base);
  });

  test("replaces an earlier one and keeps what else was in its folder", async () => {
    const path = await save(tinyModel({ lora: TINY_LORA }));
    await writeFile(join(path, "notes.txt"), "mine");
    await saveModelFolder(path, tinyModel());
    const names = await readdir(path);
    expect(names).toContain("notes.txt");
    expect(names).not.toContain("adapter_config.json");
    expect((await readdir(root)).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("takes no place that holds something else", async () => {
    const path = join(root, "other");
    await cp(await save(), path, { recursive: true });
    await rm(join(path, "config.json"));
    const error = await thrownBy(() => saveModelFolder(path, tinyModel()));
    expect(error).toBeInstanceOf(FileError);
    expect(await readdir(path)).toContain("model.safetensors");
  });

  test("is refused where a weight is missing or of another shape", async () => {
    const contents = tinyModel();
    const path = join(root, "refused");
    const weights = new Map(contents.weights).set("model.norm.weight", floatTensor([3], [1, 1, 1]));
    const wrong = (await thrownBy(() => saveModelFolder(path, { ...contents, weights }))) as WeightsError;
    expect(wrong).toBeInstanceOf(WeightsError);
    expect(wrong.details).toMatchObject({ tensor: "model.norm.weight", expected: [32], actual: [3] });
    weights.delete("model.norm.weight");
    expect(await thrownBy(() => saveModelFolder(path, { ...contents, weights }))).toBeInstanceOf(WeightsError);
    expect(await readdir(root)).not.toContain("refused");
  });
});

describe("a plain checkpoint", () => {
  test("without polyvec.json is a model of one path", async () => {
    const path = await save(tinyModel({ paths: { count: 1, prefixLength: 0, topology: { kind: "parallel" }, aggregation: "mean" } }));
    await rm(join(path, "polyvec.json"));
    await using model = await openModelFolder(path);
    expect(model.polyvec.paths.count).toBe(1);
  });

  test("may have the names of newer versions of transformers", async () => {
    const contents = tinyModel();
    const path = await save(contents);
    await using old = await openSafetensors(join(path, "model.safetensors"));
    const renamed = new Map(
      await Promise.all(
        old.names.map(
          async (name) =>
            [
              name.startsWith("visual.") ? `model.${name}` : name.replace(/^model\./, "model.language_model."),
              await old.read(name),
            ] as const,
        ),
      ),
    );
    await writeSafetensors(join(path, "model.safetensors"), renamed);
    await using model = await openModelFolder(path);
    expect((await model.weights.read("model.norm.weight")).data).toEqual(contents.weights.get("model.norm.weight")?.data);
  });
});

describe("a damaged model", () => {
  test("truncated weights", async () => {
    const path = await save();
    const file = join(path, "model.safetensors");
    await truncate(file, 20_000);
    const error = await failure(path);
    expect(error).toBeInstanceOf(WeightsError);
    expect(error.message).toContain(file);
  });

  test("weights of another model", async () => {
    const path = await save();
    await edit(path, "config.json", (json) => (json["intermediate_size"] = 40));
    const error = await failure(path);
    expect(error).toBeInstanceOf(WeightsError);
    expect(error.details).toEqual({
      file: join(path, "model.safetensors"),
      tensor: "model.layers.0.mlp.gate_proj.weight",
      expected: [40, 32],
      actual: [48, 32],
    });
  });

  test("too few layers in the file", async () => {
    const path = await save();
    await edit(path, "config.json", (json) => (json["num_hidden_layers"] = 3));
    const error = await failure(path);
    expect(error.details).toMatchObject({ file: join(path, "paths.safetensors"), tensor: "paths.layers.2.prefix_keys" });
    expect(error.message).toMatch(/nor \d+ others/);
  });

  test("paths of another model", async () => {
    const path = await save();
    await edit(path, "polyvec.json", (json) => (json["paths"] = { ...(json["paths"] as object), count: 2 }));
    expect((await failure(path)).details).toMatchObject({ tensor: "paths.layers.0.prefix_keys", actual: [3, 1, 2, 16] });
  });

  test("more in paths.safetensors than the model uses", async () => {
    const path = await save();
    await edit(path, "polyvec.json", (json) => (json["paths"] = { ...(json["paths"] as object), aggregation: "mean" }));
    const error = await failure(path);
    expect(error).toBeInstanceOf(WeightsError);
    expect(error.message).toContain("paths.gate.0.bias");
  });

  test("a dtype that is no weight's", async () => {
    const path = await save();
    await using old = await openSafetensors(join(path, "paths.safetensors"));
    const tensors = new Map(await Promise.all(old.names.map(async (name) => [name, await old.read(name)] as const)));
    const name = "paths.gate.0.bias";
    tensors.set(name, { dtype: "int32", shape: [32], data: new Int32Array(32) });
    await writeSafetensors(join(path, "paths.safetensors"), tensors);
    await using model = await openModelFolder(path);
    expect(await thrownBy(() => model.weights.read(name))).toBeInstanceOf(WeightsError);
  });

  test.each([
    ["config.json", "hiden_size", 1, "hidden_size"],
    ["config.json", "model_type", "bert", "qwen2_vl"],
    ["polyvec.json", "path", 1, "paths"],
    ["polyvec.json", "version", 2, "1"],
    ["adapter_config.json", "lora_bias", true, ""],
    ["adapter_config.json", "modules_to_save", ["lm_head"], ""],
    ["adapter_config.json", "exclude_modules", ["layers.0.self_attn.q_proj"], "layers.0"],
    ["adapter_config.json", "target_modules", ["q_proj"], "v_proj"],
  ] as const)("%s with %s %j", async (name, field, value, expected) => {
    const path = await save(tinyModel({ lora: TINY_LORA }));
    await edit(path, name, (json) => (json[field] = value));
    const error = await failure(path);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.details).toMatchObject({ file: join(path, name), field });
    expect(error.message).toContain(expected);
  });

  test.each([
    ["preprocessor_config.json", "patch_size", 14],
    ["config.json", "image_token_id", 5],
    ["config.json", "vocab_size", 270],
  ])("%s that does not belong to the other files: %s %j", async (name, field, value) => {
    const path = await save();
    await edit(path, name, (json) => (json[field] = value));
    const error = await failure(path);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toContain(String(value));
  });

  test.each([
    ["of another rank", { r: 3 }, "layers.0.self_attn.q_proj.lora_A.weight", { expected: [3, 32], actual: [2, 32] }],
    [
      "with another rank for one layer",
      { rank_pattern: { "layers.1.self_attn.v_proj": 1 } },
      "layers.1.self_attn.v_proj.lora_A.weight",
      { expected: [1, 32], actual: [2, 32] },
    ],
    [
      "without what its configuration names",
      { target_modules: ["q_proj", "v_proj", "o_proj"] },
      "layers.0.self_attn.o_proj.lora_A.weight",
      { expected: [2, 32], actual: null },
    ],
    [
      "without the magnitudes of DoRA",
      { use_dora: true },
      "layers.0.self_attn.q_proj.lora_magnitude_vector",
      { expected: [32], actual: null },
    ],
  ] as const)("an adapter %s", async (_, fields, tensor, shapes) => {
    const path = await save(tinyModel({ lora: TINY_LORA }));
    await edit(path, "adapter_config.json", (json) => void Object.assign(json, fields));
    const error = await failure(path);
    expect(error).toBeInstanceOf(WeightsError);
    expect(error.details).toEqual({ file: join(path, "adapter_model.safetensors"), tensor: `model.${tensor}`, ...shapes });
  });

  test("an adapter to a deeper model", async () => {
    const path = await save(tinyModel({ lora: TINY_LORA }));
    const file = join(path, "adapter_model.safetensors");
    await using old = await openSafetensors(file);
    const tensors = new Map(await Promise.all(old.names.map(async (name) => [name, await old.read(name)] as const)));
    const [name] = old.names as [string];
    tensors.set(name.replace("layers.0", "layers.7"), await old.read(name));
    await writeSafetensors(file, tensors);
    const error = await failure(path);
    expect(error).toBeInstanceOf(WeightsError);
    expect(error.message).toContain(`tensors that the model does not use: ${name.replace("layers.0", "layers.7")}`);
  });

  test("a branch above the last layer", async () => {
    const path = await save(tinyModel({ paths: { ...TINY_PATHS, topology: { kind: "branchLayer", layer: 1 } } }));
    await edit(
      path,
      "polyvec.json",
      (json) => (json["paths"] = { ...(json["paths"] as object), topology: { kind: "branchLayer", layer: 2 } }),
    );
    expect((await failure(path)).details).toMatchObject({ field: "paths.topology.layer", got: 2 });
  });

  test.each([
    "tokenizer.json",
    "preprocessor_config.json",
    "config.json",
    "model.safetensors",
    "paths.safetensors",
    "adapter_model.safetensors",
  ])("without %s", async (name) => {
    const path = await save(tinyModel({ lora: TINY_LORA }));
    await rm(join(path, name));
    const error = await failure(path);
    expect(error).toBeInstanceOf(FileError);
    expect(error.message).toContain(name);
  });

  test("a folder that holds something else, or weights in another format", async () => {
    const path = join(root, "pictures");
    await mkdir(path);
    await writeFile(join(path, "cat.png"), "");
    expect(await failure(path)).toMatchObject({ code: "file", details: { file: join(path, "model.safetensors"), errno: "ENOENT" } });
    await writeFile(join(path, "pytorch_model.bin"), "");
    expect((await failure(path)).message).toMatch(/pytorch_model\.bin is in a format that Polyvec does not read/);
    await writeFile(join(path, "model.safetensors"), "");
    expect((await failure(path)).message).toMatch(/holds no config\.json/);
  });

  test("a shard cut off half way, one that is not there, and one without a tensor that the index promises", async () => {
    const path = await save();
    const [first, second, index] = ["model-1-of-2.safetensors", "model-2-of-2.safetensors", "model.safetensors.index.json"].map((name) => join(path, name)) as [string, string, string]; // prettier-ignore
    const weights = await readAll(join(path, "model.safetensors"));
    const names = [...weights.keys()];
    const [norm, others] = ["model.norm.weight", names.filter((name) => name !== "model.norm.weight")];
    await writeSafetensors(first, pick(weights, others));
    const map = Object.fromEntries(names.map((name) => [name, name === norm ? "model-2-of-2.safetensors" : "model-1-of-2.safetensors"]));
    await writeFile(index, JSON.stringify({ metadata: {}, weight_map: map }));
    await rm(join(path, "model.safetensors"));
    await writeSafetensors(second, pick(weights, [norm]));
    await using whole = await openModelFolder(path);
    expect(whole.weights.files).toEqual(expect.arrayContaining([first, second]));

    await truncate(second, (await stat(second)).size - 8);
    expect(await failure(path)).toMatchObject({ code: "weights", details: { file: second, tensor: norm } });
    await rm(second);
    expect(await failure(path)).toMatchObject({ code: "file", details: { file: second, index, errno: "ENOENT" } });
    await writeSafetensors(second, new Map([["something.else", floatTensor([1], [1])]]));
    expect(await failure(path)).toMatchObject({ code: "weights", details: { file: index, tensor: norm, expected: second } });
  });

  test("no folder at all", async () => {
    expect((await failure(join(root, "nowhere"))).message).toContain("there is no such folder");
  });
});
