import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { ConfigError, FileError } from "../../errors/families.ts";
import { createTokenizer, loadTokenizer, type Tokenizer } from "./tokenizer.ts";

const FIXTURES = "test/fixtures/tokenizer";
const readFixture = async (name: string): Promise<unknown> => JSON.parse(await readFile(`${FIXTURES}/${name}.json`, "utf8"));

let tokenizer: Tokenizer;
let folder = "";
beforeAll(async () => {
  tokenizer = await loadTokenizer(`${FIXTURES}/tokenizer.json`);
  folder = await mkdtemp(join(tmpdir(), "polyvec-tokenizer-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("ids and decoded texts are those of the reference implementation", async () => {
  const texts = (await readFixture("texts")) as string[];
  const expected = (await readFixture("ids")) as { ids: number[]; decoded: string }[];
  expect(texts.length).toBeGreaterThan(300);
  const actual = texts.map((text) => Array.from(tokenizer.encode(text)));
  expect(actual).toEqual(expected.map(({ ids }) => ids));
  expect(actual.map((ids) => tokenizer.decode(ids))).toEqual(expected.map(({ decoded }) => decoded));
});

test("any text comes back, NFC-normalised", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(tokenizer.decode(tokenizer.encodePlain(text))).toBe(text.normalize("NFC"));
    }),
  );
});

test("special tokens: ids, vocabulary, text that spells them", () => {
  expect(tokenizer.vocabSize).toBe(480);
  expect(tokenizer.specialTokens.get("<|endoftext|>")).toBe(473);
  expect(tokenizer.tokenId("<|video_pad|>")).toBe(479);
  expect([...tokenizer.encode("a<|image_pad|>")]).toEqual([tokenizer.tokenId("a"), tokenizer.tokenId("<|image_pad|>")]);
  const plain = tokenizer.encodePlain("a<|image_pad|>");
  expect(Math.max(...plain)).toBeLessThan(473);
  expect(tokenizer.decode(plain)).toBe("a<|image_pad|>");
  expect(tokenizer.decode([473])).toBe("");
  expect(tokenizer.decode([])).toBe("");
});

test("a vocabulary of whole words", () => {
  const vocab = { "[UNK]": 0, a: 1, red: 2, apple: 3, ",": 4, app: 5, café: 7 };
  const words = createTokenizer(
    {
      added_tokens: [{ id: 6, content: "<image>", special: true }],
      normalizer: null,
      pre_tokenizer: { type: "Whitespace" },
      post_processor: null,
      decoder: null,
      model: { type: "WordLevel", vocab, unk_token: "[UNK]" },
    },
    { file: "t.json" },
  );
  expect([...words.encode("a red<image>apple, apples blue app café")]).toEqual([1, 2, 6, 3, 4, 0, 0, 5, 7]);
  expect([...words.encode("")]).toEqual([]);
  expect(words.vocabSize).toBe(8);
  expect(words.tokenId("red")).toBe(2);
});

describe("errors", () => {
  test("a token that is not in the vocabulary", () => {
    expect(() => tokenizer.tokenId("<|image_pat|>")).toThrow(
      /tokenizer\.json has no token <\|image_pat\|>; did you mean <\|image_pad\|>\?/,
    );
    expect(() => tokenizer.tokenId("nowhere near it")).toThrow(/belongs to the model/);
  });

  test("a file that is not there", async () => {
    await expect(loadTokenizer(join(folder, "tokenizer.json"))).rejects.toBeInstanceOf(FileError);
  });

  test("a file that was cut", async () => {
    const file = join(folder, "cut.json");
    const text = await readFile(`${FIXTURES}/tokenizer.json`, "utf8");
    await writeFile(file, text.slice(0, text.length / 2));
    const error = await thrownBy(() => loadTokenizer(file));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ message: expect.stringContaining("cut.json is not JSON") as string, details: { file } });
  });

  test.each([
    ["no model", { added_tokens: [], model: undefined }, "model"],
    ["another kind", { model: { type: "Unigram", vocab: [], merges: [] } }, "model.type"],
    ["a merge of one", { model: { type: "BPE", vocab: {}, merges: ["a"] } }, "model.merges"],
    ["a merge of a number", { model: { type: "BPE", vocab: {}, merges: [["a", "b"], 3] } }, "model.merges[1]"],
    ["a vocabulary that is a list", { model: { type: "BPE", vocab: [], merges: [] } }, "model.vocab"],
    ["an id that is text", { model: { type: "BPE", vocab: { a: "1" }, merges: [] } }, "model.vocab.a"],
    ["no added tokens", { added_tokens: null }, "added_tokens"],
    ["an added token without id", { added_tokens: [{ content: "x", special: true }] }, "added_tokens[0].id"],
  ])("%s", async (_, change, field) => {
    const value = { ...((await readFixture("tokenizer")) as object), ...change };
    const error = await thrownBy(() => createTokenizer(value, { file: "t.json" }));
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).details).toMatchObject({ file: "t.json", field: expect.stringContaining(field) as string });
  });

  test("a pre-tokeniser that is not known", async () => {
    const value = { ...((await readFixture("tokenizer")) as object), pre_tokenizer: { type: "Sideways" } };
    expect(() => createTokenizer(value, { file: "t.json" })).toThrow(/t\.json is not a tokenizer that can be used: .*Sideways/);
  });
});

test("what a tokenizer puts around every text is put only where it is asked for", async () => {
  const llama = await loadTokenizer("test/fixtures/checkpoints/llava-next-llama/tokenizer.json");
  expect([...llama.encodeFramed("a cat")]).toEqual([llama.tokenId("<s>"), ...llama.encode("a cat")]);
  const qwen = await loadTokenizer("test/fixtures/tokenizer/tokenizer.json");
  expect(qwen.encodeFramed("a cat")).toEqual(qwen.encode("a cat"));
});
