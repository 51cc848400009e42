import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ConfigError } from "../../errors/families.ts";
import { QWEN2_SPECIAL_TOKENS, trainBytePairEncoding } from "./byte-pair-encoding.ts";
import { writeTokenizer } from "./tokenizer-json.ts";
import { createTokenizer, loadTokenizer } from "./tokenizer.ts";

const FIXTURES = "test/fixtures/tokenizer";
const readFixture = async (name: string): Promise<unknown> => JSON.parse(await readFile(`${FIXTURES}/${name}.json`, "utf8"));

test("merges are those of the reference implementation's trainer", async () => {
  const corpus = (await readFixture("corpus")) as string[];
  const trained = trainBytePairEncoding(corpus, { vocabSize: 480 });
  expect(trained.model.merges).toEqual(await readFixture("merges"));
  expect(JSON.parse(JSON.stringify(trained))).toEqual(await readFixture("tokenizer"));
});

test("worked by hand: the most frequent pair first, of equals the one of the smaller ids", () => {
  const { model, added_tokens: added } = trainBytePairEncoding(["abab abab cd"], { vocabSize: 267, minimumFrequency: 1 });
  expect(model.merges).toEqual(["a b", "ab ab", "c d", "Ġ abab"]);
  expect(model.vocab["abab"]).toBe(257);
  expect(added.map(({ id, content }) => [id, content])).toEqual(QWEN2_SPECIAL_TOKENS.map((content, index) => [260 + index, content]));
});

test("stops when no pair is frequent enough", () => {
  const trained = trainBytePairEncoding(["aa aa bc"], { vocabSize: 1000 });
  expect(trained.model.merges).toEqual(["a a"]);
  expect(createTokenizer(trained, { file: "" }).vocabSize).toBe(256 + 1 + 7);
});

test("whatever it is trained on, any text comes back", () => {
  const texts = fc.array(fc.string({ unit: "grapheme" }), { maxLength: 20 });
  fc.assert(
    fc.property(texts, fc.string({ unit: "grapheme" }), (corpus, text) => {
      const tokenizer = createTokenizer(trainBytePairEncoding([...corpus, ...corpus], { vocabSize: 300 }), { file: "" });
      expect(tokenizer.decode(tokenizer.encodePlain(text))).toBe(text.normalize("NFC"));
    }),
    { numRuns: 40 },
  );
});

test("a vocabulary that has no room for the bytes", () => {
  expect(() => trainBytePairEncoding([], { vocabSize: 262 })).toThrow(ConfigError);
  expect(() => trainBytePairEncoding([], { vocabSize: 262 })).toThrow(/expected an integer of at least 263/);
});

test("writes a folder that loads", async () => {
  const folder = await mkdtemp(join(tmpdir(), "polyvec-bpe-"));
  await writeTokenizer(folder, trainBytePairEncoding(["hello hello"], { vocabSize: 270 }));
  expect((await loadTokenizer(join(folder, "tokenizer.json"))).encode("hello")).toHaveLength(1);
  await rm(folder, { recursive: true });
});
