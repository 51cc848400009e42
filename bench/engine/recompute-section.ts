import { compare, measure, type BenchCase } from "../harness.ts";
import type { SuiteContext, SuiteSection } from "../suite.ts";
import { atRest } from "./at-rest.ts";
import { BlockSession, type BlockRun } from "./block-session.ts";
import { BLOCK_SIZES } from "./block-sizes.ts";
import { blockTensors } from "./block-tensors.ts";
import { mebibytes, peakMemoryOf } from "./peak-memory.ts";

const LAYERS = 6;
const KEPT = "activations kept";
const RECOMPUTED = "recomputed";

/** What it costs and saves to compute each layer again on the way back. */
export async function recomputeSection(threads: number, context: SuiteContext): Promise<SuiteSection> {
  context.say("recomputation");
  const runs = [
    { name: KEPT, run: runOf(threads, false) },
    { name: RECOMPUTED, run: runOf(threads, true) },
  ];
  const tensors = blockTensors(BLOCK_SIZES, LAYERS);
  const sessions: BlockSession[] = [];
  try {
    const cases: BenchCase[] = [];
    for (const { name, run } of runs) {
      const session = await BlockSession.open(run, tensors);
      sessions.push(session);
      cases.push(atRest(name, async () => void (await session.run())));
    }
    const measurements = await measure(cases, context.measure);
    context.say("memory of recomputation");
    return {
      title: `${LAYERS} layers, forward and backward, full, ms`,
      measurements,
      comparisons: compare(measurements, KEPT),
      facts: memoryFacts(await peakMemoryOf(runOf(threads, false)), await peakMemoryOf(runOf(threads, true))),
    };
  } finally {
    for (const session of sessions) await session.dispose();
  }
}

/** As the `Trainer` runs its steps: without memory planned ahead, which would hold what recomputation gives back. */
function runOf(threads: number, recompute: boolean): BlockRun {
  return { sizes: BLOCK_SIZES, work: "full", layers: LAYERS, recompute, threads, memoryPattern: false };
}

/** @param kept, @param recomputed peak memory, bytes. */
function memoryFacts(kept: number, recomputed: number): Record<string, string> {
  const saved = kept - recomputed;
  return {
    "peak memory": `${KEPT} ${mebibytes(kept)}, ${RECOMPUTED} ${mebibytes(recomputed)}`,
    "memory saved": `${mebibytes(saved)}, ${Math.round((100 * saved) / kept)} %`,
  };
}
