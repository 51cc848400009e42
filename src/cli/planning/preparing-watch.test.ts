import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { tinyInputs, tinyTrainable } from "../../../test/support/training/tiny-trainable.ts";
import { SINGLE_PATH } from "../../model/paths/path-config.ts";
import { PreparingWatch } from "./preparing-watch.ts";

test("the median over batches of what each took, in as many parts as it came", async () => {
  const watch = new PreparingWatch();
  for (const milliseconds of [200, 20, 40]) {
    watch.begin();
    expect(await watch.time(() => setTimeout(milliseconds / 2, "first"))).toBe("first");
    await watch.time(() => setTimeout(milliseconds / 2));
  }
  expect(watch.median()).toBeGreaterThan(0.035);
  expect(watch.median()).toBeLessThan(0.19);
});

test("a processor under the watch gives what it gives without, and no batches take no time", async () => {
  const { processor } = tinyTrainable(SINGLE_PATH);
  const inputs = tinyInputs("image", 2, 1);
  const watch = new PreparingWatch();
  expect(watch.median()).toBe(0);
  watch.begin();
  expect(await watch.processor(processor).embeddingBatch(inputs)).toEqual(await processor.embeddingBatch(inputs));
  expect(watch.median()).toBeGreaterThan(0);
});
