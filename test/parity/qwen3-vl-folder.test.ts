import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectFloat, type FloatTensor, type Tensor } from "../../src/engine/tensor/tensor.ts";
import { present, WeightsError } from "../../src/errors/families.ts";
import type { ModelInput, RawImage } from "../../src/inputs/embedding-input.ts";
import { openModelFolder } from "../../src/model/folder/open-model-folder.ts";
import { relativeError } from "../fixtures/qwen2-vl/run-graph.ts";
import { embedWithFolder, saveAgain, writeRenamed, writePreprocessor } from "../support/checkpoint-folders.ts";
import { readTensors } from "../support/read-tensors.ts";
import { expectConfigError } from "../support/expect-config-error.ts";
import { thrownBy } from "../support/thrown-by.ts";

/** A checkpoint as transformers 5 saves it, with its processor. */
const CHECKPOINT = "test/fixtures/qwen3-vl/checkpoint";
const TOLERANCE = 1e-5;

let root = "";
let weights: Readonly<Record<string, Tensor>>;
let expected: FloatTensor;
let inputs: readonly ModelInput[];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-qwen3-vl-"));
  weights = await readTensors(join(CHECKPOINT, "model.safetensors"));
  const stored = await readTensors(join(CHECKPOINT, "expected.safetensors"));
  expected = expectFloat(present(stored["embeddings"], "embeddings"));
  const { shape, data } = present(stored["exact.picture0"], "a picture");
  const image: RawImage = { height: shape[0] as number, width: shape[1] as number, data: data as Uint8Array };
  inputs = [{ image, text: "a red apple" }, { text: "What is it?" }, { instruction: "Find the picture of this.", text: "an apple" }];
});
afterAll(() => rm(root, { recursive: true, force: true }));

let copies = 0;
/** A copy of the checkpoint with other names of weights; those renamed to nothing are left out. */
async function copyWith(rename: (name: string) => string | undefined): Promise<string> {
  const folder = join(root, `copy-${copies++}`);
  for (const name of ["config.json", "tokenizer.json"]) await cp(join(CHECKPOINT, name), join(folder, name));
  await writePreprocessor(folder, CHECKPOINT);
  await writeRenamed(folder, weights, rename);
  return folder;
}

async function expectReference(folder: string): Promise<void> {
  const embeddings = await embedWithFolder(folder, inputs);
  const numbers = embeddings.flatMap((embedding) => [...embedding]);
  expect(relativeError(numbers, expected.data)).toBeLessThan(TOLERANCE);
}

test("a checkpoint as transformers 5 saves it embeds like the library", () => expectReference(CHECKPOINT));

test.each([
  ["a model without its output layer", (name: string) => name.replace("model.", "")],
  ["older families", (name: string) => name.replace("model.visual.", "visual.").replace("model.language_model.", "model.")],
])("weights may have the names of %s", async (_, rename) => {
  await expectReference(await copyWith(rename));
});

test("what Polyvec saves embeds the same", async () => {
  const folder = join(root, "saved");
  await saveAgain(folder, CHECKPOINT);
  await expectReference(folder);
  expect(JSON.parse(await readFile(join(folder, "preprocessor_config.json"), "utf8"))).toMatchObject({
    processor_class: "Qwen3VLProcessor",
  });
});

describe("files that do not belong together are named", () => {
  test("a merger that is missing", async () => {
    const missing = "model.visual.deepstack_merger_list.0.norm.weight";
    const folder = await copyWith((name) => (name === missing ? undefined : name));
    const error = await thrownBy(async () => (await openModelFolder(folder)).close());
    expect(error).toBeInstanceOf(WeightsError);
    expect((error as WeightsError).details).toMatchObject({ tensor: missing });
  });

  test("patches of another size", async () => {
    const folder = await copyWith((name) => name);
    await writeFile(join(folder, "preprocessor_config.json"), JSON.stringify({ patch_size: 14 }));
    await expectConfigError(async () => (await openModelFolder(folder)).close(), { message: /patch_size is 14, the model has 16/ });
  });
});
