import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Tensor } from "../../src/engine/tensor/tensor.ts";
import { expectFloat } from "../../src/engine/tensor/tensor.ts";
import { present } from "../../src/errors/families.ts";
import { openModelFolder } from "../../src/model/folder/open-model-folder.ts";
import { picture } from "../fixtures/llava-next/picture.ts";
import { embedWithFolder, saveAgain, writeRenamed, writePreprocessor, copyAdapter } from "../support/checkpoint-folders.ts";
import { readTensors } from "../support/read-tensors.ts";
import { relativeError } from "../fixtures/qwen2-vl/run-graph.ts";
import { expectConfigError } from "../support/expect-config-error.ts";

/** A checkpoint as transformers 5 saves it, with its processor. */
const CHECKPOINT = "test/fixtures/llava-next/small";
const TOLERANCE = 1e-5;
/** What the reference implementation embedded, by the name of its embedding. */
const INPUTS = {
  text: { text: "a red apple" },
  image_and_text: { image: picture(30, 20, 0), text: "what is in the image?" },
  instruction: { image: picture(40, 11, 0), instruction: "find the same object", text: "a red apple" },
} as const;

let root = "";
let weights: Readonly<Record<string, Tensor>>;
let expected: Readonly<Record<string, Tensor>>;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-llava-next-"));
  weights = await readTensors(join(CHECKPOINT, "model.safetensors"));
  expected = await readTensors(join(CHECKPOINT, "expected.safetensors"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

let copies = 0;
/** A copy of the checkpoint without its weights. */
async function copyFiles(names: readonly string[] = ["config.json", "processor_config.json", "tokenizer.json"]): Promise<string> {
  const folder = join(root, `copy-${copies++}`);
  for (const name of names) await cp(join(CHECKPOINT, name), join(folder, name));
  return folder;
}

const embedAll = (folder: string): Promise<Float32Array[]> => embedWithFolder(folder, Object.values(INPUTS));

async function expectReference(folder: string): Promise<void> {
  const embeddings = await embedAll(folder);
  for (const [at, name] of Object.keys(INPUTS).entries()) {
    const reference = present(expected[`expected.checkpoint.${name}`], name);
    expect(relativeError(present(embeddings[at], name), expectFloat(reference).data), name).toBeLessThan(TOLERANCE);
  }
}

test("a checkpoint as transformers 5 saves it embeds like the library", async () => {
  await expectReference(CHECKPOINT);
});

test("inputs become the tokens that the library makes of the whole prompt", async () => {
  await using model = await openModelFolder(CHECKPOINT);
  for (const [name, input] of Object.entries(INPUTS)) {
    const { inputIds } = await model.processor.processBatch([input]);
    expect([...inputIds.data], name).toEqual([...present(expected[`expected.checkpoint.${name}.ids`], name).data]);
  }
});

test.each([
  ["published checkpoints", (name: string) => name.replace("vision_tower.", "vision_tower.vision_model.")],
  ["transformers 4.52 and later", (name: string) => newName(name.replace("vision_tower.", "vision_tower.vision_model."))],
  ["transformers 5 in memory", newName],
])("weights may have the names of %s", async (_, rename) => {
  const folder = await copyFiles(["config.json", "tokenizer.json"]);
  await writePreprocessor(folder, CHECKPOINT);
  await writeRenamed(folder, weights, rename);
  await expectReference(folder);
});

function newName(name: string): string {
  if (name.startsWith("language_model.lm_head.")) return name.slice("language_model.".length);
  return `model.${name.replace("language_model.model.", "language_model.")}`;
}

test("an adapter as PEFT saves it, which has layers that embedding does not need", async () => {
  const folder = join(root, "adapted");
  await copyAdapter(folder, CHECKPOINT);
  await using model = await openModelFolder(folder);
  const stored = await readTensors(join(folder, "adapter_model.safetensors"));
  const name = "vision_tower.vision_model.encoder.layers.1.self_attn.q_proj.lora_A.weight";
  const source = "base_model.model.model.vision_tower.encoder.layers.1.self_attn.q_proj.lora_A.weight";
  expect([...(await model.weights.read(name)).data]).toEqual([...expectFloat(present(stored[source], source)).data]);
  expect(Object.keys(stored).some((name) => name.includes("vision_tower.encoder.layers.2."))).toBe(true);
  expect([...model.weights.shapes.keys()].some((name) => name.includes("encoder.layers.2."))).toBe(false);
});

describe("what Polyvec saves", () => {
  test("embeds the same", async () => {
    const folder = join(root, "saved");
    await saveAgain(folder, CHECKPOINT);
    await expectReference(folder);
    expect(JSON.parse(await readFile(join(folder, "processor_config.json"), "utf8"))).toMatchObject({
      patch_size: 3,
      vision_feature_select_strategy: "default",
      num_additional_image_tokens: 1,
    });
  });

  test("keeps the choice to look at the base image only", async () => {
    const low = await copyFiles();
    await writePreprocessor(low, CHECKPOINT, { image_grid_pinpoints: [] });
    await writeRenamed(low, weights, (name) => name);
    const folder = join(root, "saved-low");
    await saveAgain(folder, low);
    await using model = await openModelFolder(folder);
    expect(model.processor.images.layout({ width: 30, height: 20 }).tokens).toHaveLength(16);
    const [text, image] = await embedAll(folder);
    expect([...present(image, "an embedding")]).toEqual([...present((await embedAll(low))[1], "an embedding")]);
    const reference = ["text", "image_and_text"].map((name) => expectFloat(present(expected[`expected.checkpoint.${name}`], name)).data);
    expect(relativeError(present(text, "an embedding"), reference[0] ?? [])).toBeLessThan(TOLERANCE);
    expect(relativeError(present(image, "an embedding"), reference[1] ?? [])).toBeGreaterThan(0.01);
  });
});

test("an image processor of another model is named with its file", async () => {
  const folder = await copyFiles();
  await writePreprocessor(folder, CHECKPOINT, { size: { shortest_edge: 24 }, crop_size: { height: 24, width: 24 } });
  await writeRenamed(folder, weights, (name) => name);
  await expectConfigError(async () => (await openModelFolder(folder)).close(), { message: /the size of a tile is 24, the model has 12/ });
});
