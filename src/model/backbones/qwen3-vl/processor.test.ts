import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { readTensors } from "../../../../test/support/read-tensors.ts";
import { expectFloat, type Tensor } from "../../../engine/tensor/tensor.ts";
import { present } from "../../../errors/families.ts";
import type { RawImage } from "../../../inputs/embedding-input.ts";
import { loadTokenizer, type Tokenizer } from "../../formats/tokenizer.ts";
import type { InputProcessor } from "../../multimodal/input-processor.ts";
import { parsePreprocessorConfig } from "../../multimodal/patches/preprocessor-config.ts";
import { qwen3VLProcessor } from "./backbone.ts";
import { parseQwen3VLConfig, type Qwen3VLConfig } from "./config.ts";

const FOLDER = "test/fixtures/qwen3-vl/checkpoint";

/** A prompt of the reference implementation's processor. */
interface ReferencePrompt {
  readonly name: string;
  readonly prompt: string;
  readonly pictures: readonly (readonly [width: number, height: number])[];
  readonly ids: readonly number[];
}

async function readJson(name: string): Promise<unknown> {
  return JSON.parse(await readFile(`${FOLDER}/${name}`, "utf8"));
}

const { prompts } = (await readJson("expected.json")) as { prompts: readonly ReferencePrompt[] };
const settings = ((await readJson("processor_config.json")) as { image_processor: object }).image_processor;

let config: Qwen3VLConfig;
let tokenizer: Tokenizer;
let stored: Readonly<Record<string, Tensor>>;
beforeAll(async () => {
  config = parseQwen3VLConfig(await readJson("config.json"), { file: "config.json" });
  tokenizer = await loadTokenizer(`${FOLDER}/tokenizer.json`);
  stored = await readTensors(`${FOLDER}/expected.safetensors`);
});

function makeProcessor(changes: Partial<Qwen3VLConfig> = {}, imageChanges: object = {}): InputProcessor {
  const imageProcessor = parsePreprocessorConfig({ ...settings, ...imageChanges }, { file: "" });
  return qwen3VLProcessor({ ...config, ...changes }, { tokenizer, imageProcessor });
}

function picturesOf({ name, pictures }: ReferencePrompt): RawImage[] {
  return pictures.map((_, at) => {
    const { shape, data } = present(stored[`${name}.picture${at}`], name);
    return { height: shape[0] as number, width: shape[1] as number, data: data as Uint8Array };
  });
}

const blank = (width: number, height: number): RawImage => ({ width, height, data: new Uint8Array(width * height * 3).fill(200) });

test.each(prompts)("token ids of the library's processor: $name", async (reference) => {
  const { inputIds } = await makeProcessor().processBatch([{ prompt: reference.prompt, images: picturesOf(reference) }]);
  expect([...inputIds.data]).toEqual(reference.ids);
});

test.each(prompts.filter(({ pictures }) => pictures.length > 0))(
  "pixels of the library's processor, to the byte: $name",
  async (reference) => {
    const { images } = await makeProcessor().processBatch([{ prompt: reference.prompt, images: picturesOf(reference) }]);
    const pixels = expectFloat(present(images?.inputs["pixelValues"], "pixels"));
    const levels = present(stored[`${reference.name}.levels`], "levels");
    const grids = present(stored[`${reference.name}.grids`], "grids").data as Int32Array;
    const [, blocks, perBlock, length] = pixels.shape as [number, number, number, number];
    const frame = 16 * 16;
    const actual: number[] = [];
    for (let image = 0; image < grids.length / 2; image++) {
      for (let patch = 0; patch < (grids[2 * image] as number) * (grids[2 * image + 1] as number); patch++) {
        const begin = (image * blocks * perBlock + patch) * length;
        for (let at = 0; at < length; at += 2 * frame) {
          const first = pixels.data.subarray(begin + at, begin + at + frame);
          expect(pixels.data.subarray(begin + at + frame, begin + at + 2 * frame)).toEqual(first);
          actual.push(...Array.from(first, (value) => (value * 0.5 + 0.5) * 255));
        }
      }
    }
    expect(actual).toHaveLength(levels.data.length);
    const farthest = actual.reduce((most, value, at) => Math.max(most, Math.abs(value - Number(levels.data[at]))), 0);
    expect(farthest).toBeLessThan(1e-4);
  },
);

describe("the layout of inputs", () => {
  const spelt = (ids: Iterable<number>): string => {
    const names = new Map([...tokenizer.specialTokens].map(([name, id]) => [id, name]));
    return Array.from(ids, (id) => names.get(id) ?? tokenizer.decode([id]))
      .join("")
      .replaceAll(/(<\|image_pad\|>)+/g, (run) => `[${run.length / "<|image_pad|>".length}]`);
  };

  test("is a chat whose system says what to do, and ends where the assistant would begin", async () => {
    const processor = makeProcessor();
    const rows = [{ image: blank(64, 64), text: "a red apple" }, { text: "What is it?", instruction: "Find the picture of this." }];
    const [first, second] = await Promise.all(rows.map(async (row) => spelt((await processor.processBatch([row])).inputIds.data)));
    const user = (instruction: string, content: string): string =>
      `<|im_start|>system\n${instruction}<|im_end|>\n<|im_start|>user\n${content}<|im_end|>\n<|im_start|>assistant\n`;
    expect(first).toBe(user("Represent the user's input.", "<|vision_start|>[4]<|vision_end|>a red apple"));
    expect(second).toBe(user("Find the picture of this.", "What is it?"));
  }); // prettier-ignore

  test("keeps the image and the end of the turn where text is cut", async () => {
    const processor = makeProcessor();
    const whole = await processor.processBatch([{ image: blank(64, 64), text: "a red apple on the table" }]);
    const length = whole.lengths[0] as number;
    const cut = await processor.processBatch([{ image: blank(64, 64), text: "a red apple on the table" }], { maxTokens: length - 5 });
    expect([cut.lengths[0], cut.truncatedCount]).toEqual([length - 5, 1]);
    expect(spelt(cut.inputIds.data)).toMatch(/<\|vision_start\|>\[4\]<\|vision_end\|>.*<\|im_end\|>\n<\|im_start\|>assistant\n$/);
    await expect(processor.processBatch([{ image: blank(64, 64) }], { maxTokens: 10 })).rejects.toThrow(/images alone need 4/);
  });

  test("with an answer goes on with the assistant's turn", async () => {
    const batch = await makeProcessor().processGenerative([{ input: { text: "What is it?" }, answer: "an apple" }]);
    const answer = [...batch.inputIds.data].filter((_, at) => batch.answerMask.data[at] === 1);
    expect(spelt(answer)).toBe("an apple<|im_end|>");
  });

  test("positions of an image are rows and columns of blocks, and go on behind the larger of the two", async () => {
    const { positionIds } = await makeProcessor().processBatch([
      { prompt: "<|vision_start|><|image_pad|><|vision_end|>a", images: [blank(96, 64)] },
    ]);
    const tokens = positionIds.shape[2] as number;
    const axis = (at: number): number[] => [...positionIds.data.subarray(at * tokens, at * tokens + tokens)];
    expect(axis(0)).toEqual([0, 1, 1, 1, 1, 1, 1, 4, 5]);
    expect(axis(1)).toEqual([0, 1, 1, 1, 2, 2, 2, 4, 5]);
    expect(axis(2)).toEqual([0, 1, 2, 3, 1, 2, 3, 4, 5]);
  });
});

test("parts that do not belong together are named", () => {
  expect(() => makeProcessor()).not.toThrow();
  expect(() => makeProcessor({ imageTokenId: 5 })).toThrow(/the id of <\|image_pad\|> is \d+, the model has 5/);
  expect(() => makeProcessor({}, { patch_size: 14 })).toThrow(/patch_size is 14, the model has 16/);
  expect(() => makeProcessor({}, { temporal_patch_size: 1 })).toThrow(/temporal_patch_size is 1, the model has 2/);
  expect(() => makeProcessor({}, { merge_size: 1 })).toThrow(/merge_size is 1, the model has 2/);
  expect(() => makeProcessor({ vocabSize: 50, imageTokenId: present(tokenizer.specialTokens.get("<|image_pad|>"), "id") })).toThrow(
    /vocabulary is \d+, the model has 50/,
  );
});
