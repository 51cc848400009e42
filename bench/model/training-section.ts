import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Trainer } from "../../src/train/trainer.ts";
import { compare, measure, type BenchCase, type Comparison, type Measurement } from "../harness.ts";
import type { SuiteContext, SuiteSection } from "../suite.ts";
import type { BaseModel } from "./base-model.ts";
import { CHUNK, GRAD_CACHE_PAIRS, openTrainer, PAIRS, TRAINING_VARIANTS } from "./training-steps.ts";
import { BASELINE } from "./variants.ts";

/** Whole training steps: tokens and pixels, forward, backward, optimiser, estimator. Fewer rounds unless told otherwise: a step is long. */
export async function trainingSection(base: BaseModel, context: SuiteContext): Promise<SuiteSection> {
  context.say("training steps");
  const measurements = await timeSteps(base, { rounds: 7, warmups: 1, ...context.measure });
  context.say("memory of training steps");
  return {
    title: `training steps of ${PAIRS} pairs of pictures (GradCache: ${CHUNK} inputs at a time), ms`,
    measurements,
    comparisons: [...compare(measurements, BASELINE), ...gradCacheRatios(measurements)],
    facts: { "peak memory, MiB": (await peakMemories()).join(", ") },
  };
}

async function timeSteps(base: BaseModel, options: SuiteContext["measure"]): Promise<Measurement[]> {
  const trainers: Trainer[] = [];
  try {
    const cases: BenchCase[] = [];
    for (const variant of TRAINING_VARIANTS) {
      const trainer = await openTrainer(base, variant);
      trainers.push(trainer);
      const run = async (): Promise<void> => {
        await trainer.next();
      };
      cases.push({ name: variant.name, run });
    }
    return await measure(cases, options);
  } finally {
    for (const trainer of trainers) await trainer.dispose();
  }
}

/** What GradCache costs: a second forward pass. */
function gradCacheRatios(measurements: readonly Measurement[]): Comparison[] {
  return GRAD_CACHE_PAIRS.filter(([direct]) => direct !== BASELINE).flatMap((pair) =>
    compare(
      measurements.filter(({ name }) => pair.includes(name)),
      pair[0],
    ),
  );
}

/** What GradCache saves. Each kind of step in a process of its own, as memory once used is not given back. */
async function peakMemories(): Promise<string[]> {
  const script = fileURLToPath(new URL("step-memory.ts", import.meta.url));
  const results: string[] = [];
  for (const { name } of TRAINING_VARIANTS) {
    const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, script, name]);
    results.push(`${name} ${Math.round(Number(stdout) / 2 ** 20)}`);
  }
  return results;
}
