import { rm } from "node:fs/promises";
import { join } from "node:path";
import { compare, type Comparison, type Measurement } from "../harness.ts";
import { spreadOf } from "../statistics.ts";
import type { SuiteContext, SuiteSection, Verdict } from "../suite.ts";
import type { CheckpointSize } from "./checkpoint-sizes.ts";
import { cosineOf } from "./cosine.ts";
import { embedInProcess, type EmbedTimes } from "./processes.ts";
import { checkFreeDisk, type Scratch } from "./scratch-folder.ts";
import { embedWithTorch, type TorchTimes } from "./torch-embed.ts";
import { checkpointBytes, writeCheckpoint, type CheckpointDType } from "./write-checkpoint.ts";

/** A size and what is timed of it. */
export interface BackbonePart {
  readonly size: CheckpointSize;
  readonly dtypes: readonly CheckpointDType[];
  /** Embeds with weights as they lie, too. */
  readonly asTheyLie?: true;
  /** Bars; none for sizes that only try the suite out. */
  readonly bars?: BackboneBars;
}

/** What a size has to reach. */
export interface BackboneBars {
  /** Share of the float32 peak, of 1. */
  readonly share?: number;
  /** Most bytes resident in int8. */
  readonly int8Bytes: number;
}

/** How a part is run. */
export interface PartOptions {
  readonly threads: number;
  readonly rounds: number;
  readonly scratch: Scratch;
  /** A Python with PyTorch, to be timed beside. */
  readonly python: string | undefined;
}

/** Milliseconds that opening may take. */
const MOST_OPEN_MS = 5000;

/** The highest ratio of int8's time to float32's. */
const INT8_RATIO = 0.5;

/** Behind a case's name: `prepacking` of `loadModel` was false. */
const AS_THEY_LIE = "weights as they lie";

interface Timed {
  readonly ours: ReadonlyMap<CheckpointDType, EmbedTimes>;
  /** The same, weights used as they lie. */
  readonly asTheyLie: ReadonlyMap<CheckpointDType, EmbedTimes>;
  readonly torch: ReadonlyMap<string, TorchTimes>;
}

/** Writes checkpoints of a size, embeds with each in a process of its own, and removes them. @throws {FileError} if the disk is too full. */
export async function embeddingPart(part: BackbonePart, options: PartOptions, context: SuiteContext): Promise<SuiteSection> {
  const { size, dtypes } = part;
  const { scratch, threads, rounds } = options;
  const [ours, asTheyLie] = [new Map<CheckpointDType, EmbedTimes>(), new Map<CheckpointDType, EmbedTimes>()];
  const torch = new Map<string, TorchTimes>();
  const facts: Record<string, string> = {};
  for (const dtype of dtypes) {
    const folder = join(scratch.folder, dtype);
    context.say(`${size.name}: writing random weights, ${dtype}`);
    await checkFreeDisk(scratch.folder, checkpointBytes(size, dtype));
    await writeCheckpoint(folder, size, dtype);
    context.say(`${size.name}: embedding, ${dtype}`);
    const times = await embedInProcess({ folder, prepacking: true, rounds, threads }, scratch.signal);
    context.say(`${size.name}: ${dtype} took ${seconds(spreadOf(times.times).median)}, ${percent(shareOf(times))} of the peak`);
    ours.set(dtype, times);
    if (part.asTheyLie === true) {
      context.say(`${size.name}: embedding, ${dtype}, ${AS_THEY_LIE}`);
      asTheyLie.set(dtype, await embedInProcess({ folder, prepacking: false, rounds, threads }, scratch.signal));
    }
    if (dtype === "float32") Object.assign(facts, await besideTorch(torch, folder, options, context));
    await rm(folder, { recursive: true });
  }
  return embeddingSection(part, { ours, asTheyLie, torch }, facts);
}

async function besideTorch(
  torch: Map<string, TorchTimes>,
  folder: string,
  { python, scratch, threads, rounds }: PartOptions,
  context: SuiteContext,
): Promise<Record<string, string>> {
  if (python === undefined) return {};
  for (const dtype of ["float32", "bfloat16"] as const) {
    context.say(`embedding with PyTorch, ${dtype}`);
    const answer = await embedWithTorch({ python, folder, dtype, rounds, threads }, scratch);
    if ("missing" in answer) return { PyTorch: `left out: ${answer.missing}` };
    torch.set(dtype, answer);
  }
  const { torch: version, transformers } = torch.get("float32") as TorchTimes;
  return { PyTorch: `${version}, transformers ${transformers}` };
}

function embeddingSection({ size, bars }: BackbonePart, timed: Timed, facts: Readonly<Record<string, string>>): SuiteSection {
  const { ours, asTheyLie, torch } = timed;
  const measurements = [
    ...[...ours].map(([dtype, { times }]) => toMeasurement(dtype, times)),
    ...[...asTheyLie].map(([dtype, { times }]) => toMeasurement(`${dtype}, ${AS_THEY_LIE}`, times)),
    ...[...torch].map(([dtype, { times }]) => toMeasurement(`PyTorch, ${dtype}`, times)),
  ];
  const [first] = ours.values();
  return {
    title: `${size.name}, random weights: one picture of 336 x 336 and 40 tokens of text, ${first?.tokens} tokens, ms`,
    measurements,
    comparisons: comparisonsOf(measurements, timed),
    bars: bars === undefined ? {} : { int8: INT8_RATIO },
    verdicts: bars === undefined ? [] : verdictsOf(ours, bars),
    facts: { ...factsOf(timed), ...facts },
  };
}

/** Each dtype beside float32, weights as they lie beside those laid out, and float32 beside PyTorch's. */
function comparisonsOf(measurements: readonly Measurement[], { ours }: Timed): Comparison[] {
  const among = (...names: readonly string[]): Measurement[] => measurements.filter(({ name }) => names.includes(name));
  const dtypes = [...ours.keys()];
  return [
    ...compare(among(...dtypes), "float32"),
    ...dtypes.flatMap((dtype) => compare(among(dtype, `${dtype}, ${AS_THEY_LIE}`), dtype)),
    ...compare(among("float32", "PyTorch, float32"), "PyTorch, float32"),
  ];
}

function toMeasurement(name: string, times: readonly number[]): Measurement {
  return { name, times, milliseconds: spreadOf(times) };
}

/** Share of the float32 peak at the median time. */
function shareOf({ times, flops, peakFlops }: EmbedTimes): number {
  return flops / (spreadOf(times).median / 1000) / peakFlops;
}

function verdictsOf(ours: Timed["ours"], bars: BackboneBars): Verdict[] {
  const [plain, bytes] = [ours.get("float32"), ours.get("int8")];
  const verdicts = [...ours].map(([dtype, { openMs }]) => ({
    name: `${dtype}, opening`,
    got: `${(openMs / 1000).toFixed(2)} s`,
    bar: `<= ${MOST_OPEN_MS / 1000} s`,
    isMet: openMs <= MOST_OPEN_MS,
  }));
  const share = plain === undefined || bars.share === undefined ? [] : [shareVerdict(shareOf(plain), bars.share)];
  return [...verdicts, ...share, ...(bytes === undefined ? [] : [memoryVerdict(bytes.memory.peak, bars.int8Bytes)])];
}

function shareVerdict(share: number, bar: number): Verdict {
  return { name: "float32, share of the peak", got: percent(share), bar: `>= ${percent(bar)}`, isMet: share >= bar };
}

function memoryVerdict(peak: number, bar: number): Verdict {
  return { name: "int8, most memory resident", got: gigabytes(peak), bar: `<= ${gigabytes(bar)}`, isMet: peak <= bar };
}

function factsOf({ ours, asTheyLie, torch }: Timed): Record<string, string> {
  const facts: Record<string, string> = {};
  for (const [dtype, times] of ours) {
    const { flops, peakFlops } = times;
    Object.assign(facts, startFacts(dtype, times));
    facts[`${dtype}, speed`] =
      `${(flops / 1e12).toFixed(2)} TFLOP at ${percent(shareOf(times))} of ${(peakFlops / 1e9).toFixed(0)} GFLOP/s, the fastest float32 product beside it`;
  }
  for (const [dtype, times] of asTheyLie) Object.assign(facts, startFacts(`${dtype}, ${AS_THEY_LIE}`, times));
  const plain = ours.get("float32")?.embedding;
  for (const [dtype, { embedding, openMs, firstMs, peak }] of torch) {
    facts[`PyTorch, ${dtype}`] =
      `${seconds(openMs)} to open, then ${seconds(firstMs)}; ${peak === null ? "unknown" : gigabytes(peak)} at most; ` +
      `cosine to Polyvec's float32 ${plain === undefined ? "unknown" : cosineOf(plain, embedding).toFixed(6)}`;
  }
  return facts;
}

function startFacts(name: string, { openMs, firstMs, memory: { peak, own, mapped } }: EmbedTimes): Record<string, string> {
  return {
    [`${name}, until the first embedding`]: `${seconds(openMs)} to open, then ${seconds(firstMs)}`,
    [`${name}, memory`]: `${gigabytes(peak)} at most; then ${gigabytes(own)} of its own and ${gigabytes(mapped)} of mapped files`,
  };
}

/** Seconds of so many milliseconds. */
function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
