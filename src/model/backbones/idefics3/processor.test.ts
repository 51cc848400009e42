import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { picture } from "../../../../test/fixtures/llava-next/picture.ts";
import { idsOf, picturesOf, type ReferencePrompt } from "../../../../test/support/reference/reference-prompts.ts";
import { expectConfigError } from "../../../../test/support/expect-config-error.ts";
import { thrownBy } from "../../../../test/support/thrown-by.ts";
import { ProcessorError } from "../../../errors/families.ts";
import { createTokenizer, loadTokenizer, type Tokenizer } from "../../formats/tokenizer.ts";
import type { ImagePreparer } from "../../multimodal/image-preparer.ts";
import type { InputProcessor } from "../../multimodal/input-processor.ts";
import { idefics3Processor } from "./backbone.ts";
import { parseIdefics3Config, type Idefics3Config } from "./config.ts";
import { parsePreprocessorConfig, type ImageProcessorConfig } from "./preprocessor-config.ts";

const FIXTURES = "test/fixtures/idefics3";

interface ProcessedPrompt extends ReferencePrompt {
  readonly model: "small" | "odd";
  readonly settings: Readonly<Record<string, unknown>>;
}

interface Parts {
  readonly config: Idefics3Config;
  readonly tokenizer: Tokenizer;
  readonly raw: Readonly<Record<string, unknown>>;
}

async function readJson(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, "utf8"));
}

async function partsOf(model: "small" | "odd"): Promise<Parts> {
  const folder = `${FIXTURES}/${model}`;
  const settings = await readJson(`${folder}/${model === "small" ? "processor" : "preprocessor"}_config.json`);
  const raw = (model === "small" ? (settings as { image_processor: object }).image_processor : settings) as Parts["raw"];
  const config = parseIdefics3Config(await readJson(`${folder}/config.json`), { file: "" });
  return { config, tokenizer: await loadTokenizer(`${folder}/tokenizer.json`), raw };
}

const parts = { small: await partsOf("small"), odd: await partsOf("odd") };
const prompts = (await readJson(`${FIXTURES}/prompts.json`)) as readonly ProcessedPrompt[];

function processorOf(model: "small" | "odd", changes: object = {}): InputProcessor {
  const { config, tokenizer, raw } = parts[model];
  return idefics3Processor(config, { tokenizer, imageProcessor: parsePreprocessorConfig({ ...raw, ...changes }, { file: "" }) });
}

test.each(prompts)("token ids of the library's processor: $model $settings $prompt", async (reference) => {
  const { model, settings, prompt } = reference;
  const { inputIds, images: tensors } = await processorOf(model, settings).processBatch([{ prompt, images: picturesOf(reference) }]);
  const expected = idsOf(reference);
  expect([...inputIds.data]).toEqual(expected);
  const { imageTokenId } = parts[model].config;
  expect(tensors?.featureRows.length ?? 0).toBe(expected.filter((id) => id === imageTokenId).length);
});

describe("the layout of inputs", () => {
  test("is a user's turn: image, instruction, text and the end of the turn", async () => {
    const processor = processorOf("small", { do_image_splitting: false });
    const { tokenizer } = parts.small;
    const { inputIds } = await processor.processBatch([{ image: picture(9, 9, 0), instruction: "find", text: "<image> cat" }]);
    const image = "<fake_token_around_image><global-img><image><image><image><image><fake_token_around_image>";
    const before = tokenizer.encode(`<|im_start|>User:${image}find\n`);
    const expected = [...before, ...tokenizer.encodePlain("<image> cat"), ...tokenizer.encode("<end_of_utterance>")];
    expect([...inputIds.data]).toEqual(expected);
  });

  test("with an answer goes on with the assistant's turn", async () => {
    const batch = await processorOf("odd").processGenerative([{ input: { text: "what?" }, answer: "a cat" }]);
    const { tokenizer } = parts.odd;
    const before = [
      ...tokenizer.encode("<|im_start|>User:"),
      ...tokenizer.encode("what?"),
      ...tokenizer.encode("<end_of_utterance>\nAssistant:"),
    ];
    const answer = [...tokenizer.encode("a cat"), ...tokenizer.encode("<end_of_utterance>")];
    expect([...batch.inputIds.data]).toEqual([...before, ...answer]);
    expect([...batch.answerMask.data]).toEqual([...before.map(() => 0), ...answer.map(() => 1)]);
  });

  test("is refused where the tiles alone do not fit", async () => {
    const error = await thrownBy(() =>
      processorOf("small").processBatch([{ text: "a" }, { image: picture(30, 30, 0) }], { maxTokens: 40 }),
    );
    expect(error).toBeInstanceOf(ProcessorError);
    expect(error).toMatchObject({ message: expect.stringMatching(/input 1: .*40 tokens.*images alone need 64/) as string });
  });
});

describe("an image made as large as the model takes it", () => {
  const side = fc.integer({ min: 1, max: 160 });
  const settings = fc.record({
    size: fc.record({ longest_edge: fc.integer({ min: 4, max: 80 }) }),
    do_image_splitting: fc.boolean(),
    do_resize: fc.boolean(),
  });

  test("becomes the same tokens and tiles as the image itself, at any size", () => {
    fc.assert(
      fc.property(side, side, settings, (width, height, changes) => {
        const { images } = processorOf("small", changes);
        const image = picture(width, height, 1);
        const fitted = images.fit(image);
        expect(fitted.width * fitted.height).toBeLessThanOrEqual(width * height);
        expect(images.layout(fitted)).toEqual(images.layout(image));
        expect(images.toTensors([fitted])).toEqual(images.toTensors([image]));
      }),
      { numRuns: 60 },
    );
  });

  test("is smaller where that is the first step", () => {
    expect(processorOf("small").images.fit(picture(200, 100, 0))).toMatchObject({ width: 48, height: 24 });
    expect(processorOf("small").images.fit(picture(20, 10, 0))).toMatchObject({ width: 20, height: 10 });
  });
});

describe("tiles", () => {
  const grids = (images: ImagePreparer): readonly string[] =>
    [[16, 16], [300, 100], [100, 300]].map(([width = 0, height = 0]) => {
      const { grid } = images.layout({ width, height });
      return `${grid.rows} x ${grid.columns}`;
    }); // prettier-ignore

  test("are the grid by which images are batched", () => {
    expect(grids(processorOf("small").images)).toEqual(["3 x 3", "1 x 3", "3 x 1"]);
    expect(grids(processorOf("small", { do_image_splitting: false }).images)).toEqual(["1 x 1", "1 x 1", "1 x 1"]);
  });

  test("are as many as limits of pixels allow, one at the least", () => {
    const { images } = processorOf("small");
    expect(images.maxPixels).toBe(48 ** 2);
    const limited = (maxPixels: number): ImagePreparer | undefined => images.withPixels?.({ minPixels: 1, maxPixels });
    expect(limited(40 ** 2)?.toHuggingFaceConfig()).toMatchObject({ size: { longest_edge: 32 }, do_image_splitting: true });
    expect(limited(32 ** 2)?.maxPixels).toBe(32 ** 2);
    expect(limited(3 ** 2)?.maxPixels).toBe(16 ** 2);
    expect(limited(16 ** 2)?.layout({ width: 300, height: 100 }).grid).toEqual({ rows: 1, columns: 1 });
  });

  test("of no images are none", () => {
    expect(processorOf("small").images.toTensors([])).toBeUndefined();
  });
});

describe("parts that do not belong together", () => {
  const { config, tokenizer, raw } = parts.small;
  const settings: ImageProcessorConfig = parsePreprocessorConfig(raw, { file: "" });
  const build =
    (changes: Partial<Idefics3Config>, imageProcessor = settings, of: Tokenizer = tokenizer) =>
    () =>
      idefics3Processor({ ...config, ...changes }, { tokenizer: of, imageProcessor });

  test("are named", () => {
    expect(build({})).not.toThrow();
    expect(build({ imageTokenId: 5 })).toThrow(/the id of <image> is 283, the model has 5/);
    expect(build({ scaleFactor: 3 })).toThrow(/max_image_size is 16, the model has a size of whole blocks of 3 patches of 4/);
    expect(build({}, { ...settings, tileSize: 3 })).toThrow(/max_image_size is 3/);
    expect(build({ decoder: { ...config.decoder, vocabSize: 100 } })).toThrow(/vocabulary is 285, the model has 100/);
  });

  test("a tokenizer without the markers of tiles", async () => {
    const json = (await readJson(`${FIXTURES}/small/tokenizer.json`)) as { added_tokens: { content: string }[] };
    const without = { ...json, added_tokens: json.added_tokens.filter(({ content }) => content !== "<fake_token_around_image>") };
    await expectConfigError(build({}, settings, createTokenizer(without, { file: "tokenizer.json" })), {
      message: /has no token <fake_token_around_image>/,
    });
  });
});
