import { expect, it } from "vitest";
import { BlockSession, type BlockRun } from "./block-session.ts";
import { blockTensors } from "./block-tensors.ts";
import { largestDistance } from "./same-numbers.ts";

const TINY = { batch: 2, tokens: 5, width: 24, heads: 3, keyValueHeads: 1, hidden: 16, loraRank: 2 };
const RUN: BlockRun = { sizes: TINY, work: "full", layers: 2, recompute: false, threads: 1, memoryPattern: false };

async function results(run: BlockRun): ReturnType<BlockSession["run"]> {
  await using session = await BlockSession.open(run, blockTensors(TINY, run.layers));
  return await session.run();
}

it("gives the loss and the gradients that are asked for", async () => {
  expect(Object.keys(await results({ ...RUN, work: "forward" }))).toEqual(["y"]);
  const lora = Object.keys(await results({ ...RUN, work: "lora", layers: 1 }));
  expect(lora.join(" ")).toMatchInlineSnapshot(
    `"loss gradient:x gradient:layers.0.queryLoraA gradient:layers.0.queryLoraB gradient:layers.0.valueLoraA gradient:layers.0.valueLoraB"`,
  );
  expect(Object.keys(await results(RUN))).toHaveLength(2 + 2 * 9);
});

it("computes the same gradients with recomputation", async () => {
  const [kept, recomputed] = [await results(RUN), await results({ ...RUN, recompute: true })];
  expect(largestDistance(recomputed, new Map(Object.entries(kept))).relative).toBeLessThan(1e-5);
});
