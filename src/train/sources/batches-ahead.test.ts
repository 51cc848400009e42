import { expect, test } from "vitest";
import { DataError } from "../../errors/families.ts";
import type { BatchSource, TrainingBatch } from "../batch-source.ts";
import { BatchesAhead } from "./batches-ahead.ts";

const batchOf = (step: number): TrainingBatch => ({ kind: "language", task: `step ${step}`, examples: [] });

/** A source that tells what is asked of it, and when it is done. */
function listening(broken?: number): { readonly source: BatchSource; readonly asked: number[]; readonly open: () => number } {
  const asked: number[] = [];
  let open = 0;
  const source: BatchSource = {
    async batch(step) {
      asked.push(step);
      open++;
      await new Promise((resolve) => setTimeout(resolve, 5));
      open--;
      if (step === broken) throw new DataError({ message: `row ${step} is wrong`, details: {} });
      return batchOf(step);
    },
  };
  return { source, asked, open: () => open };
}

test("the next batch is made while one is used, each once, in order, none beyond the end", async () => {
  const { source, asked } = listening();
  const ahead = new BatchesAhead(source, 4);
  for (const step of [1, 2, 3]) {
    expect(await ahead.batch(step)).toEqual(batchOf(step));
    await Promise.resolve();
    expect(asked.at(-1)).toBe(Math.min(3, step + 1));
  }
  expect(asked).toEqual([1, 2, 3]);
});

test("an error is told at the step it belongs to, and the batch may be asked for again", async () => {
  const { source } = listening(2);
  const ahead = new BatchesAhead(source, 9);
  expect(await ahead.batch(1)).toEqual(batchOf(1));
  await new Promise((resolve) => setTimeout(resolve, 20));
  await expect(ahead.batch(2)).rejects.toThrow("row 2 is wrong");
  await expect(ahead.batch(2)).rejects.toThrow("row 2 is wrong");
  expect(await ahead.batch(3)).toEqual(batchOf(3));
  await ahead.dispose();
});

test("a batch that was not foreseen is made when it is asked for", async () => {
  const { source, asked } = listening();
  const ahead = new BatchesAhead(source, 9);
  await ahead.batch(0);
  expect(await ahead.batch(5)).toEqual(batchOf(5));
  await ahead.dispose();
  expect(asked).toEqual([0, 1, 5, 6]);
});

test("disposed, it waits for what is being made", async () => {
  const { source, open } = listening();
  const ahead = new BatchesAhead(source, 9);
  await ahead.batch(0);
  await ahead.dispose();
  expect(open()).toBe(0);
});
