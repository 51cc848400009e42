import { availableParallelism } from "node:os";
import { env } from "node:process";
import type { BenchSuite, SuiteContext, SuiteSection } from "../suite.ts";
import { backboneSections, type BackbonePart } from "./backbone-section.ts";
import { LLAVA_NEXT_7B, LLAVA_NEXT_TINY, QWEN2_VL_2B, QWEN2_VL_7B, QWEN2_VL_TINY } from "./checkpoint-sizes.ts";
import { qualitySection } from "./quality-section.ts";
import { withScratch, type Scratch } from "./scratch-folder.ts";

const GIGABYTE = 1e9;

/** What is timed unless `--only` says otherwise. */
const PARTS: Readonly<Record<string, BackbonePart>> = {
  "2b": { size: QWEN2_VL_2B, dtypes: ["float32", "int8"], trains: true, bars: { share: 0.65, int8Bytes: 5 * GIGABYTE } },
  "llava-7b": { size: LLAVA_NEXT_7B, dtypes: ["int8"], trains: false, bars: { int8Bytes: 12 * GIGABYTE } },
  "7b": { size: QWEN2_VL_7B, dtypes: ["int8"], trains: false, bars: { int8Bytes: 12 * GIGABYTE } },
};

/** The whole suite at a size that takes seconds, without bars. */
const TINY: readonly BackbonePart[] = [
  { size: QWEN2_VL_TINY, dtypes: ["float32", "int8"], trains: true },
  { size: LLAVA_NEXT_TINY, dtypes: ["int8"], trains: false },
];

const QUALITY = "quality";

/** A run of a part takes long, and differs little from the next. */
const ROUNDS = 5;

export const suite: BenchSuite = {
  summary:
    "published backbones at their size, with random weights: embedding in float32 and int8, a training step (beside PyTorch if POLYVEC_PYTHON is set)",
  parts: [...Object.keys(PARTS), QUALITY, "tiny"],
  run: (context) => withScratch((scratch) => runParts(scratch, context)),
};

async function runParts(scratch: Scratch, context: SuiteContext): Promise<SuiteSection[]> {
  const { only } = context;
  const python = env["POLYVEC_PYTHON"];
  const options = {
    threads: availableParallelism(),
    rounds: context.measure.rounds ?? ROUNDS,
    scratch,
    python: python === "" ? undefined : python,
  };
  const chosen =
    only === "tiny" ? TINY : Object.entries(PARTS).flatMap(([name, part]) => (only === undefined || only === name ? [part] : []));
  const sections: SuiteSection[] = [];
  for (const part of chosen) sections.push(...(await backboneSections(part, options, context)));
  if (only === undefined || only === "tiny" || only === QUALITY) sections.push(await qualitySection(scratch, context));
  return sections;
}
