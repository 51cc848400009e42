import { join } from "node:path";
import { openSafetensors } from "../../src/model/formats/safetensors.ts";
import type { FloatTensor, Tensor } from "../../src/engine/tensor/tensor.ts";
import { invariant } from "../../src/errors/families.ts";
import { compare, measure, type BenchCase, type Comparison, type Measurement } from "../harness.ts";
import type { SuiteContext, SuiteSection } from "../suite.ts";
import { atRest } from "./at-rest.ts";
import { BlockSession, BLOCK_WORKS, type BlockRun, type BlockWork } from "./block-session.ts";
import { BLOCK_SIZES } from "./block-sizes.ts";
import { mebibytes, peakMemoryOf } from "./peak-memory.ts";
import { largestDistance } from "./same-numbers.ts";
import type { TorchProcess } from "./torch-process.ts";

const NAMES: Readonly<Record<BlockWork, string>> = {
  forward: "forward",
  lora: "forward and backward, LoRA",
  full: "forward and backward, full",
};

/** The highest ratio to PyTorch's time that is good enough. */
const BARS: Readonly<Record<BlockWork, number>> = { forward: 0.85, lora: 0.85, full: 1.05 };

/** How far the two may lie apart: the largest difference within a tensor, over its largest number. */
const TOLERANCE = 1e-4;

/** PyTorch beside Polyvec. */
export interface TorchSide {
  /** Starts a process that has not computed anything. */
  readonly start: () => TorchProcess;
  /** The process that is timed. */
  readonly process: TorchProcess;
  /** For files that are exchanged. */
  readonly folder: string;
}

export interface BlockSectionOptions {
  readonly threads: number;
  /** Weights and inputs of one layer. */
  readonly tensors: ReadonlyMap<string, FloatTensor>;
  readonly torch: TorchSide | undefined;
}

/** One decoder block, beside PyTorch's if there is one. */
export async function blockSection(options: BlockSectionOptions, context: SuiteContext): Promise<SuiteSection> {
  const { threads, tensors, torch } = options;
  const sessions = new Map<BlockWork, BlockSession>();
  try {
    for (const work of BLOCK_WORKS) sessions.set(work, await BlockSession.open(runOf(work, threads), tensors));
    context.say("decoder block: are the numbers PyTorch's?");
    const same = torch === undefined ? {} : await sameNumbers(sessions, torch);
    context.say("decoder block");
    const measurements = await measure(blockCases(sessions, torch?.process), context.measure);
    const { batch, tokens } = BLOCK_SIZES;
    return {
      title: `decoder block, ${batch} x ${tokens} tokens, ms`,
      measurements,
      comparisons: BLOCK_WORKS.flatMap((work) => besideTorch(measurements, work)),
      bars: Object.fromEntries(BLOCK_WORKS.map((work) => [NAMES[work], BARS[work]])),
      facts: { ...same, ...(await memoryFacts(threads, torch, context)) },
    };
  } finally {
    for (const session of sessions.values()) await session.dispose();
  }
}

/** Shapes never change here, so that memory may be planned ahead. */
function runOf(work: BlockWork, threads: number): BlockRun {
  return { sizes: BLOCK_SIZES, work, layers: 1, recompute: false, threads, memoryPattern: true };
}

function torchName(work: BlockWork): string {
  return `PyTorch, ${NAMES[work]}`;
}

/** Each beside PyTorch's, so that the two are neighbours in time. */
function blockCases(sessions: ReadonlyMap<BlockWork, BlockSession>, torch: TorchProcess | undefined): BenchCase[] {
  return [...sessions].flatMap(([work, session]) => {
    const own = atRest(NAMES[work], async () => void (await session.run()));
    return torch === undefined ? [own] : [own, atRest(torchName(work), () => torch.time(work))];
  });
}

function besideTorch(measurements: readonly Measurement[], work: BlockWork): Comparison[] {
  const baseline = torchName(work);
  return compare(
    measurements.filter(({ name }) => name === NAMES[work] || name === baseline),
    baseline,
  );
}

/** @throws {InvariantError} if the two sides compute different things. */
async function sameNumbers(
  sessions: ReadonlyMap<BlockWork, BlockSession>,
  { process, folder }: TorchSide,
): Promise<Record<string, string>> {
  const facts: Record<string, string> = {};
  for (const [work, session] of sessions) {
    const file = join(folder, `${work}.safetensors`);
    facts["beside"] = `PyTorch ${await process.save(work, file)}`;
    const { name, relative } = largestDistance(await session.run(), await readAll(file));
    invariant(relative <= TOLERANCE, `${work}: ${name} differs from PyTorch's by ${relative.toExponential(1)}, more than ${TOLERANCE}`);
    facts[`${NAMES[work]}, largest difference from PyTorch`] = `${relative.toExponential(1)} of the largest number (${name})`;
  }
  return facts;
}

async function readAll(file: string): Promise<Map<string, Tensor>> {
  await using tensors = await openSafetensors(file);
  return new Map(await Promise.all(tensors.names.map(async (name) => [name, await tensors.read(name)] as const)));
}

async function memoryFacts(threads: number, torch: TorchSide | undefined, context: SuiteContext): Promise<Record<string, string>> {
  const facts: Record<string, string> = {};
  for (const work of BLOCK_WORKS) {
    context.say(`memory: ${NAMES[work]}`);
    const own = mebibytes(await peakMemoryOf(runOf(work, threads)));
    facts[`${NAMES[work]}, peak memory`] = torch === undefined ? own : `${own}, PyTorch ${mebibytes(await torchMemory(torch, work))}`;
  }
  return facts;
}

async function torchMemory({ start }: TorchSide, work: BlockWork): Promise<number | undefined> {
  await using process = start();
  return await process.memory(work);
}
