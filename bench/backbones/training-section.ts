import { rm } from "node:fs/promises";
import { join } from "node:path";
import { spreadOf } from "../statistics.ts";
import type { SuiteContext, SuiteSection } from "../suite.ts";
import type { PartOptions } from "./embedding-section.ts";
import type { CheckpointSize } from "./checkpoint-sizes.ts";
import { trainInProcess } from "./processes.ts";
import { checkFreeDisk } from "./scratch-folder.ts";
import { checkpointBytes, writeCheckpoint } from "./write-checkpoint.ts";

const PAIRS = 2;

/** GradCache steps on a float32 checkpoint of a size, with LoRA and four paths, one input at a time. The first step also makes the graphs. */
export async function trainingPart(
  { size, steps }: { readonly size: CheckpointSize; readonly steps: number },
  { threads, scratch }: Pick<PartOptions, "threads" | "scratch">,
  context: SuiteContext,
): Promise<SuiteSection> {
  const { name } = size;
  const { signal } = scratch;
  const folder = join(scratch.folder, "base");
  context.say(`${name}: writing random weights, float32`);
  await checkFreeDisk(scratch.folder, checkpointBytes(size, "float32"));
  await writeCheckpoint(folder, size, "float32");
  context.say(`${name}: training`);
  const { openMs, times, memory, flops, parameters, peakFlops } = await trainInProcess({ folder, threads, pairs: PAIRS, steps }, signal);
  await rm(folder, { recursive: true });
  const share = flops / (Math.min(...times) / 1000) / peakFlops;
  const millions = (count: number): string => `${(count / 1e6).toFixed(1)} million`;
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
  return {
    title: `${name}: a GradCache step on ${PAIRS} pictures with text and ${PAIRS} texts, one at a time; LoRA of rank 16, 4 paths, recomputation, ms`,
    measurements: [{ name: "step", times, milliseconds: spreadOf(times) }],
    facts: {
      trained: `${millions(parameters.trained)} of ${millions(parameters.total)} weights`,
      "until the first step": `${(openMs / 1000).toFixed(2)} s`,
      memory: `${gigabytes(memory.peak)} at most, mapped weights counted once for each graph; then ${gigabytes(memory.own)} of its own`,
      speed: `${(flops / 1e12).toFixed(1)} TFLOP at ${(100 * share).toFixed(0)} % of ${(peakFlops / 1e9).toFixed(0)} GFLOP/s in the faster of ${times.length} steps`,
    },
  };
}
