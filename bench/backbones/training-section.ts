import { spreadOf } from "../statistics.ts";
import type { SuiteContext, SuiteSection } from "../suite.ts";
import { trainInProcess } from "./processes.ts";

/** What is trained on. */
export interface TrainingOptions {
  readonly name: string;
  /** A float32 checkpoint. */
  readonly folder: string;
  readonly threads: number;
  readonly signal: AbortSignal;
}

const PAIRS = 2;

/** Training steps, the first of which also makes the graphs. */
const STEPS = 2;

/** GradCache steps with LoRA and four paths, one input at a time. */
export async function trainingSection({ name, folder, threads, signal }: TrainingOptions, context: SuiteContext): Promise<SuiteSection> {
  context.say(`${name}: training`);
  const { openMs, times, memory, flops, parameters, peakFlops } = await trainInProcess(
    { folder, threads, pairs: PAIRS, steps: STEPS },
    signal,
  );
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
