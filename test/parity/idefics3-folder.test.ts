import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectFloat, type Tensor } from "../../src/engine/tensor/tensor.ts";
import { present } from "../../src/errors/families.ts";
import { openModelFolder } from "../../src/model/folder/open-model-folder.ts";
import { REFERENCE_MODELS, referenceFolder } from "../fixtures/idefics3/reference-model.ts";
import { picture } from "../fixtures/llava-next/picture.ts";
import { embedWithFolder, saveAgain, writeRenamed, writePreprocessor, copyAdapter } from "../support/checkpoint-folders.ts";
import { readTensors } from "../support/read-tensors.ts";
import { relativeError } from "../fixtures/qwen2-vl/run-graph.ts";
import { expectConfigError } from "../support/expect-config-error.ts";

const TOLERANCE = 1e-5;
/** What the reference implementation embedded, by the name of its embedding. */
const INPUTS = {
  text: { text: "a red cat" },
  image_and_text: { image: picture(30, 20, 0), text: "what is it?" },
  image: { image: picture(33, 50, 0) },
} as const;

let root = "";
let expected: Readonly<Record<(typeof REFERENCE_MODELS)[number], Readonly<Record<string, Tensor>>>>;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-idefics3-"));
  const [small = {}, odd = {}] = await Promise.all(
    REFERENCE_MODELS.map((name) => readTensors(join(referenceFolder(name), "expected.safetensors"))),
  );
  expected = { small, odd };
});
afterAll(() => rm(root, { recursive: true, force: true }));

const embedAll = (folder: string): Promise<Float32Array[]> => embedWithFolder(folder, Object.values(INPUTS));

async function expectReference(folder: string, name: (typeof REFERENCE_MODELS)[number]): Promise<void> {
  const embeddings = await embedAll(folder);
  for (const [at, input] of Object.keys(INPUTS).entries()) {
    const reference = expectFloat(present(expected[name][`expected.checkpoint.${input}`], input));
    expect(relativeError(present(embeddings[at], input), reference.data), input).toBeLessThan(TOLERANCE);
  }
}

let copies = 0;
/** A copy of the small checkpoint with other names of weights and, as transformers 4 has it, the image processor's settings in a file of their own. */
async function copyWith(rename: (name: string) => string, settings: object = {}): Promise<string> {
  const [from, folder] = [referenceFolder("small"), join(root, `copy-${copies++}`)];
  for (const name of ["config.json", "tokenizer.json"]) await cp(join(from, name), join(folder, name));
  await writePreprocessor(folder, from, settings);
  await writeFile(join(folder, "processor_config.json"), JSON.stringify({ image_seq_len: 4, processor_class: "Idefics3Processor" }));
  await writeRenamed(folder, await readTensors(from), rename);
  return folder;
}

describe.each(REFERENCE_MODELS)("the checkpoint %s as the library saves it", (name) => {
  test("embeds like the library", () => expectReference(referenceFolder(name), name));

  test("its inputs become the tokens that the library makes of the whole prompt", async () => {
    await using model = await openModelFolder(referenceFolder(name));
    for (const [input, content] of Object.entries(INPUTS)) {
      const { inputIds } = await model.processor.processBatch([content]);
      expect([...inputIds.data], input).toEqual([...present(expected[name][`expected.checkpoint.${input}.ids`], input).data]);
    }
  });

  test("embeds the same when Polyvec saved it", async () => {
    const folder = join(root, `saved-${name}`);
    await saveAgain(folder, referenceFolder(name));
    await expectReference(folder, name);
    const { image_seq_len: tokens } = JSON.parse(await readFile(join(folder, "processor_config.json"), "utf8")) as {
      image_seq_len: number;
    };
    expect(tokens).toBe(name === "small" ? 4 : 9);
  });

  test("takes an adapter as PEFT saves it", async () => {
    const folder = join(root, `adapted-${name}`);
    await copyAdapter(folder, referenceFolder(name));
    await using model = await openModelFolder(folder);
    const adapters = await readTensors(join(folder, "adapter_model.safetensors"));
    for (const [stored, tensor] of Object.entries(adapters)) {
      expect((await model.weights.read(stored.replace("base_model.model.", ""))).data, stored).toEqual(expectFloat(tensor).data);
    }
  });
});

test.each([
  ["with the output layer", (name: string) => name],
  ["without the output layer", (name: string) => name.replace(/^model\./, "")],
])("weights may have the names of a model saved %s", async (_, rename) => {
  await expectReference(await copyWith(rename), "small");
});

test("without splitting, an image is one tile: that stays so when it is saved", async () => {
  const folder = await copyWith((name) => name, { do_image_splitting: false });
  await using model = await openModelFolder(folder);
  const { images } = model.processor;
  expect(images.layout({ width: 300, height: 20 })).toMatchObject({ grid: { rows: 1, columns: 1 } });
  expect(images.toTensors([picture(300, 20, 0), picture(5, 5, 0)])?.inputs["pixelValues"]?.shape).toEqual([2, 4, 4, 48]);
  expect(images.toHuggingFaceConfig()).toMatchObject({ do_image_splitting: false });
  const [text] = await embedAll(folder);
  const reference = expectFloat(present(expected.small["expected.checkpoint.text"], "text"));
  expect(relativeError(present(text, "an embedding"), reference.data)).toBeLessThan(TOLERANCE);
});

describe("files that do not belong together are named", () => {
  test.each([
    [
      "tiles that are no whole blocks",
      { max_image_size: { longest_edge: 20 } },
      /max_image_size is 20, the model has a size of whole blocks of 2 patches of 4/,
    ],
    [
      "a setting that is not known",
      { do_image_spliting: false },
      /preprocessor_config\.json: do_image_spliting .*did you mean do_image_splitting\?/,
    ],
  ])("%s", async (_, settings, message) => {
    const folder = await copyWith((name) => name, settings);
    await expectConfigError(async () => (await openModelFolder(folder)).close(), { message });
  });
});
