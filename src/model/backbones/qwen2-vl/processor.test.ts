import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { thrownBy } from "../../../../test/support/thrown-by.ts";
import { ConfigError, ProcessorError } from "../../../errors/families.ts";
import type { EmbeddingInput, RawImage } from "../../../inputs/embedding-input.ts";
import { loadTokenizer, type Tokenizer } from "../../formats/tokenizer.ts";
import { parseQwen2VLConfig } from "./config.ts";
import { QWEN2_VL_IMAGE_PROCESSOR } from "../../multimodal/patches/image-processor.ts";
import type { InputProcessor } from "../../multimodal/input-processor.ts";
import { DEFAULT_PROMPT_TEMPLATE, type PromptTemplate } from "../../multimodal/prompt.ts";
import { qwen2VLProcessor } from "./backbone.ts";
import { ropeIndex } from "../../multimodal/patches/rope-index.ts";

const VOCAB_SIZE = 480;
const imageProcessor = { ...QWEN2_VL_IMAGE_PROCESSOR, patchSize: 8, minPixels: 16 * 16, maxPixels: 64 * 64 };

let tokenizer: Tokenizer;
let processor: InputProcessor;
let folder = "";

const modelConfig = (changes: object = {}) =>
  parseQwen2VLConfig(
    {
      model_type: "qwen2_vl",
      vocab_size: VOCAB_SIZE,
      hidden_size: 32,
      intermediate_size: 48,
      num_hidden_layers: 1,
      num_attention_heads: 4,
      rope_scaling: { type: "mrope", mrope_section: [2, 1, 1] },
      vision_start_token_id: 476,
      vision_end_token_id: 477,
      image_token_id: 478,
      video_token_id: 479,
      eos_token_id: 473,
      vision_config: { depth: 1, embed_dim: 16, num_heads: 2, hidden_size: 32, patch_size: 8 },
      ...changes,
    },
    { file: "config.json" },
  );

beforeAll(async () => {
  tokenizer = await loadTokenizer("test/fixtures/tokenizer/tokenizer.json");
  processor = makeProcessor();
  folder = await mkdtemp(join(tmpdir(), "polyvec-processor-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function makeProcessor(prompts: PromptTemplate = DEFAULT_PROMPT_TEMPLATE): InputProcessor {
  return qwen2VLProcessor(modelConfig(), { tokenizer, imageProcessor, prompts });
}

function blankImage(width: number, height: number): RawImage {
  return { width, height, data: new Uint8Array(width * height * 3).fill(200) };
}

/** A row of ids as text, image tokens counted. */
function spell(ids: Iterable<number>): string {
  const names = new Map([...tokenizer.specialTokens].map(([name, id]) => [id, name]));
  return [...ids]
    .map((id) => names.get(id) ?? tokenizer.decode([id]))
    .join("")
    .replaceAll(/(<\|image_pad\|>)+/g, (run) => `[${run.length / "<|image_pad|>".length}]`);
}

function rowsOf({ inputIds, lengths }: { inputIds: { shape: readonly number[]; data: Int32Array }; lengths: Int32Array }): Int32Array[] {
  const width = inputIds.shape[1] as number;
  return Array.from(lengths, (length, row) => inputIds.data.slice(row * width, row * width + length));
}

describe("prompts", () => {
  test("image first, then instruction, text, end; padded on the right", async () => {
    const batch = await processor.processBatch([
      { image: blankImage(64, 32), text: "a red apple", instruction: "Find it." },
      { text: "a red apple" },
      { image: blankImage(16, 16) },
      { instruction: "Find it." },
    ]);
    expect(rowsOf(batch).map(spell)).toEqual([
      "<|vision_start|>[8]<|vision_end|>Find it.\na red apple<|endoftext|>",
      "a red apple<|endoftext|>",
      "<|vision_start|>[1]<|vision_end|><|endoftext|>",
      "Find it.\n<|endoftext|>",
    ]);
    expect(batch.inputIds.shape).toEqual([4, batch.lengths[0]]);
    expect(batch.inputIds.data.at(-1)).toBe(473);
    expect(batch.positionIds.shape).toEqual([3, 4, batch.lengths[0]]);
    expect(batch.images?.mode).toBe("ragged");
    expect(batch.images?.inputs["pixelValues"]?.shape).toEqual([2, 8, 4, 3 * 2 * 64]);
    expect([...(batch.images?.featureRows ?? [])]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(batch.truncatedCount).toBe(0);
  });

  test("without pictures there are no images", async () => {
    expect((await processor.processBatch([{ text: "a" }])).images).toBeUndefined();
  });

  test("special tokens that a user types stay text", async () => {
    const batch = await processor.processBatch([{ text: "<|image_pad|><|endoftext|>" }]);
    expect(Math.max(...(rowsOf(batch)[0] as Int32Array).slice(0, -1))).toBeLessThan(473);
  });

  test("another template", async () => {
    const prompts = { ...DEFAULT_PROMPT_TEMPLATE, text: "<|im_start|>user\n{text}<|im_end|>", instruction: "Instruct: {instruction}\n" };
    const batch = await makeProcessor(prompts).processBatch([{ text: "a", instruction: "b" }]);
    expect(rowsOf(batch).map(spell)).toEqual(["Instruct: b\n<|im_start|>user\na<|im_end|><|endoftext|>"]);
  });

  test.each([
    ["text", "no placeholder", /prompts\.text is "no placeholder", expected text with \{text\} once/],
    ["image", "{image}{image}", /prompts\.image .* once/],
    ["end", "two words", /prompts\.end is "two words", expected one token/],
    ["end", "", /prompts\.end/],
  ] as const)("a template whose %s is %j", (part, value, message) => {
    const prompts = { ...DEFAULT_PROMPT_TEMPLATE, [part]: value };
    expect(() => makeProcessor(prompts)).toThrow(ConfigError);
    expect(() => makeProcessor(prompts)).toThrow(message);
  });

  test("files and bytes give what decoded pixels give", async () => {
    const image = blankImage(40, 24);
    const png = await sharp(image.data, { raw: { width: 40, height: 24, channels: 3 } })
      .png()
      .toBuffer();
    const file = join(folder, "a.png");
    await writeFile(file, png);
    const expected = await processor.processBatch([{ image }]);
    expect(await processor.processBatch([{ image: file }])).toEqual(expected);
    expect(await processor.processBatch([{ image: png }])).toEqual(expected);
  });
});

describe("truncation", () => {
  const input = { image: blankImage(64, 64), text: "a red apple on a table", instruction: "Find the same object." };

  test("the text is cut from its end, then the instruction; image and end stay", async () => {
    const whole = rowsOf(await processor.processBatch([input]))[0] as Int32Array;
    const textLength = tokenizer.encode(input.text).length;
    const cut = await processor.processBatch([input, { text: "a" }], { maxTokens: whole.length - 2 });
    expect(cut.truncatedCount).toBe(1);
    expect(rowsOf(cut)[0]).toEqual(Int32Array.from([...whole.slice(0, -3), 473]));
    const withoutText = await processor.processBatch([input], { maxTokens: whole.length - textLength });
    expect(rowsOf(withoutText).map(spell)).toEqual(["<|vision_start|>[16]<|vision_end|>Find the same object.\n<|endoftext|>"]);
    const shorter = await processor.processBatch([input], { maxTokens: 20 });
    expect(rowsOf(shorter).map(spell)).toEqual(["<|vision_start|>[16]<|vision_end|>\n<|endoftext|>"]);
  });

  test("any limit: exactly as long, images whole, end last, or an error", async () => {
    const whole = rowsOf(await processor.processBatch([input]))[0] as Int32Array;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: whole.length + 5 }), async (maxTokens) => {
        const result = await thrownBy(() => processor.processBatch([input], { maxTokens }));
        expect(result === undefined).toBe(maxTokens >= 20);
        if (result !== undefined) return;
        const ids = rowsOf(await processor.processBatch([input], { maxTokens }))[0] as Int32Array;
        expect([ids.length, ids.at(-1)]).toEqual([Math.min(maxTokens, whole.length), 473]);
        expect(ids.filter((id) => id === 478)).toHaveLength(16);
      }),
      { numRuns: 40 },
    );
  });

  test("an image that does not fit", async () => {
    const error = await thrownBy(() => processor.processBatch([{ text: "a" }, input], { maxTokens: 18 }));
    expect(error).toBeInstanceOf(ProcessorError);
    expect(error).toMatchObject({
      message: expect.stringMatching(/input 1: .*18 tokens.*images alone need 16.*max_pixels/) as string,
      details: { input: 1, imageTokens: 16 },
    });
  });
});

describe("generative examples", () => {
  test("prompt, answer and the mask of what is to be predicted", async () => {
    const batch = await processor.processGenerative([
      { input: { image: blankImage(16, 16), text: "Which colour?" }, answer: "red" },
      { input: { text: "b" }, answer: "a very long answer" },
    ]);
    const [first, second] = rowsOf(batch) as [Int32Array, Int32Array];
    expect(spell(first)).toBe("<|vision_start|>[1]<|vision_end|>Which colour?<|im_start|>red<|im_end|>");
    const width = batch.inputIds.shape[1] as number;
    expect(batch.answerMask.shape).toEqual([2, width]);
    const masked = [first, second].map((ids, row) => spell(ids.filter((_, token) => batch.answerMask.data[row * width + token] === 1)));
    expect(masked).toEqual(["red<|im_end|>", "a very long answer<|im_end|>"]);
    expect(batch.answerMask.data.reduce((sum, bit) => sum + bit, 0)).toBe(
      tokenizer.encode("red").length + tokenizer.encode("a very long answer").length + 2,
    );
  });

  test("the question is cut, the answer is not", async () => {
    const example = { input: { text: "a b c d e f g h" }, answer: "red" };
    const batch = await processor.processGenerative([example], { maxTokens: 9 });
    expect(spell(rowsOf(batch)[0] as Int32Array)).toMatch(/^a.*<\|im_start\|>red<\|im_end\|>$/);
    await expect(processor.processGenerative([example], { maxTokens: 2 })).rejects.toThrow(/its answer cannot be cut/);
  });
});

describe("prompts taken as they stand", () => {
  test("each image token becomes as many as its image needs", async () => {
    const prompt = "a<|vision_start|><|image_pad|><|vision_end|>b<|vision_start|><|image_pad|><|vision_end|>c<|im_end|>";
    const batch = await processor.processBatch([{ prompt, images: [blankImage(64, 64), blankImage(16, 32)] }, { prompt: "plain" }]);
    expect(rowsOf(batch).map(spell)).toEqual(["a<|vision_start|>[16]<|vision_end|>b<|vision_start|>[2]<|vision_end|>c<|im_end|>", "plain"]);
    expect(batch.images?.featureRows).toHaveLength(18);
  });

  test.each([
    [{ prompt: "<|image_pad|>" }, /input 0: the prompt has 1 image tokens and 0 images/],
    [{ prompt: "a", images: [blankImage(16, 16)] }, /0 image tokens and 1 images/],
    [{ prompt: "" }, /input 0: the prompt is empty/],
    [{ prompt: "a b c d e f g h i j" }, /at most 8 are allowed/],
  ])("%j", async (prompt, message) => {
    const error = await thrownBy(() => processor.processBatch([prompt], { maxTokens: 8 }));
    expect(error).toBeInstanceOf(ProcessorError);
    expect((error as ProcessorError).message).toMatch(message);
  });
});

describe("positions", () => {
  test("those of the reference implementation", async () => {
    const { ids, lengths, grids, positions } = JSON.parse(await readFile("test/fixtures/images/positions.json", "utf8")) as {
      ids: number[][];
      lengths: number[];
      grids: [number, number][];
      positions: number[][][];
    };
    const rows = ids.map((row, index) => row.slice(0, lengths[index]));
    const options = { grids: grids.map(([height, width]) => ({ rows: height, columns: width })), imageTokenId: 5, mergeSize: 2 };
    const actual = ropeIndex(rows, (ids[0] as number[]).length, options);
    expect(actual.shape).toEqual([3, 4, (ids[0] as number[]).length]);
    expect([...actual.data]).toEqual(positions.flat(2));
  });
});

describe("errors", () => {
  test.each([
    ["empty", {}, /input 1 is empty/],
    ["empty text", { text: "", instruction: "" }, /input 1 is empty/],
    ["missing picture", { image: "no/such/picture.png" }, /input 1: .*no\/such\/picture\.png.*no such file/],
    ["no picture", { image: Uint8Array.of(1, 2, 3) }, /input 1: .*picture/],
    ["wrong pixels", { image: { width: 2, height: 2, data: new Uint8Array(3) } }, /input 1: .*3 bytes for 2 x 2/],
    ["1 x 20,000", { image: blankImage(1, 20_000) }, /input 1: .*1 x 20000/],
  ] as const)("%s", async (_, input: EmbeddingInput, message) => {
    const error = await thrownBy(() => processor.processBatch([{ text: "a" }, input]));
    expect(error).toBeInstanceOf(ProcessorError);
    expect(error).toMatchObject({ message: expect.stringMatching(message) as string, details: { input: 1 } });
  });

  test("parts that do not belong together", () => {
    const build = (config: object, images: object): (() => InputProcessor) => {
      const parts = { tokenizer, prompts: DEFAULT_PROMPT_TEMPLATE, imageProcessor: { ...imageProcessor, ...images } };
      return () => qwen2VLProcessor(modelConfig(config), parts);
    };
    expect(build({ image_token_id: 470 }, {})).toThrow(/<\|image_pad\|> is 478, the model has 470/);
    expect(build({}, { patchSize: 14 })).toThrow(/patch_size is 14, the model has 8/);
    expect(build({}, { mergeSize: 4 })).toThrow(/merge_size is 4/);
    expect(build({ vocab_size: 479, video_token_id: 0 }, {})).toThrow(/vocabulary is 480, the model has 479/);
    expect(build({ vocab_size: 500 }, {})).not.toThrow();
  });
});

test("prompts are filled up with a token of the vocabulary that stands for no image, whatever the model says of padding", async () => {
  const filling = async (pad_token_id: number): Promise<number | undefined> => {
    const config = modelConfig({ pad_token_id });
    const { inputIds } = await qwen2VLProcessor(config, { tokenizer, imageProcessor }).processBatch([
      { prompt: "a" },
      { prompt: "a red apple" },
    ]);
    return inputIds.data[(inputIds.shape[1] as number) - 1];
  };
  expect(await Promise.all([7, 478, 151_643].map(filling))).toEqual([7, 0, 0]);
});

describe("a prompt with a placeholder", () => {
  const picture = blankImage(32, 32);
  const prompt = (text: string, images: readonly RawImage[] = [picture]) => ({ prompt: text, images, imagePlaceholder: "<|image_1|>" });

  test("is the same prompt with the model's image token in its place", async () => {
    const [filled, plain] = await Promise.all([
      processor.processBatch([prompt("<|image_1|>\nWhat is it? $& a cat\n"), prompt("a <|image_1|> b <|image_1|>", [picture, picture])]),
      processor.processBatch([
        { prompt: "<|image_pad|>\nWhat is it? $& a cat\n", images: [picture] },
        { prompt: "a <|image_pad|> b <|image_pad|>", images: [picture, picture] },
      ]),
    ]);
    expect(filled).toEqual(plain);
  });

  test("is cut from its end if it is too long, but never within its images", async () => {
    const text = "<|image_1|> " + "word ".repeat(200);
    const whole = await processor.processBatch([prompt(text)]);
    const cut = await processor.processBatch([prompt(text)], { maxTokens: 40 });
    expect(cut.truncatedCount).toBe(1);
    expect(cut.lengths[0]).toBe(40);
    expect(cut.inputIds.data).toEqual(whole.inputIds.data.slice(0, 40));
    expect(await thrownBy(() => processor.processBatch([prompt("word ".repeat(200) + "<|image_1|>")], { maxTokens: 40 }))).toBeInstanceOf(
      ProcessorError,
    );
  });
});
