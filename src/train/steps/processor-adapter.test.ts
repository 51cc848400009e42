import { expect, test } from "vitest";
import { tinyPicture } from "../../../test/support/training/tiny-trainable.ts";
import { tinyModel } from "../../../test/support/tiny-model.ts";
import { DEFAULT_PROMPT_TEMPLATE } from "../../model/multimodal/prompt.ts";
import { InputProcessor } from "../../model/multimodal/input-processor.ts";
import { createTokenizer } from "../../model/formats/tokenizer.ts";
import { trainingProcessor } from "./processor-adapter.ts";

const { backbone, images, tokenizer: description } = tinyModel();
const tokenizer = createTokenizer(description, { file: "tokenizer" });
const processor = new InputProcessor({ backbone, images, tokenizer, prompts: DEFAULT_PROMPT_TEMPLATE });

test("answer tokens stand right behind the rows that are to tell them, and are told apart from everything else", async () => {
  const examples = [
    { input: { text: "a sad dog" }, answer: "happy" },
    { input: { image: tinyPicture(1), instruction: "find" }, answer: "a red apple" },
  ];
  const { batch, answerRows, answerIds } = await trainingProcessor(processor, 64).languageBatch(examples);
  const tokens = batch.inputIds.shape[1] ?? 0;
  expect([...answerRows.data].map((row) => batch.inputIds.data[row + 1])).toEqual([...answerIds.data]);
  const rowOf = (row: number): number => Math.floor(row / tokens);
  for (const [example, { answer }] of examples.entries()) {
    const ids = [...answerIds.data].filter((_, place) => rowOf(answerRows.data[place] ?? 0) === example);
    const words = [...tokenizer.encodePlain(answer)];
    expect(ids.slice(-words.length - 1, -1)).toEqual(words);
    const last = (batch.lengths[example] ?? 0) - 2;
    expect(Math.max(...[...answerRows.data].filter((row) => rowOf(row) === example)) - example * tokens).toBe(last);
  }
});

test("prompts are cut to the longest that is allowed", async () => {
  const { inputIds } = await trainingProcessor(processor, 6).embeddingBatch([{ text: "a happy cat and a sad dog and a red apple" }]);
  expect(inputIds.shape).toEqual([1, 6]);
});
