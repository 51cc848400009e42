import { availableParallelism } from "node:os";
import { env } from "node:process";
import type { BenchSuite, SuiteContext, SuiteSection } from "../suite.ts";
import { embeddingPart, type BackbonePart } from "./embedding-section.ts";
import { LLAVA_NEXT_7B, LLAVA_NEXT_TINY, QWEN2_VL_2B, QWEN2_VL_7B, QWEN2_VL_TINY } from "./checkpoint-sizes.ts";
import { qualitySection } from "./quality-section.ts";
import { trainingPart } from "./training-section.ts";
import { withScratch, type Scratch } from "./scratch-folder.ts";

const GIGABYTE = 1e9;

/** What is embedded with unless `--only` says otherwise. */
const EMBEDDING: Readonly<Record<string, BackbonePart>> = {
  "2b": { size: QWEN2_VL_2B, dtypes: ["float32", "int8"], asTheyLie: true, bars: { share: 0.65, int8Bytes: 5 * GIGABYTE } },
  "llava-7b": { size: LLAVA_NEXT_7B, dtypes: ["int8"], bars: { int8Bytes: 12 * GIGABYTE } },
  "7b": { size: QWEN2_VL_7B, dtypes: ["int8"], bars: { int8Bytes: 12 * GIGABYTE } },
};

/** The same at a size that takes seconds, without bars. */
const TINY: readonly BackbonePart[] = [
  { size: QWEN2_VL_TINY, dtypes: ["float32", "int8"], asTheyLie: true },
  { size: LLAVA_NEXT_TINY, dtypes: ["int8"] },
];

const TRAINING = "2b-training";
const QUALITY = "quality";

/** A run of a part takes long, and differs little from the next. */
const ROUNDS = 5;

export const suite: BenchSuite = {
  summary:
    "published backbones at their size, with random weights: embedding in float32 and int8, a training step (beside PyTorch if POLYVEC_PYTHON is set)",
  parts: [...Object.keys(EMBEDDING), TRAINING, QUALITY, "tiny"],
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
  const isTiny = only === "tiny";
  const isChosen = (name: string): boolean => only === undefined || only === name;
  const embedding = isTiny ? TINY : Object.entries(EMBEDDING).flatMap(([name, part]) => (isChosen(name) ? [part] : []));
  const sections: SuiteSection[] = [];
  for (const part of embedding) sections.push(await embeddingPart(part, options, context));
  if (isTiny) sections.push(await trainingPart({ size: QWEN2_VL_TINY, steps: 2 }, options, context));
  else if (isChosen(TRAINING)) sections.push(await trainingPart({ size: QWEN2_VL_2B, steps: 1 }, options, context));
  if (isTiny || isChosen(QUALITY)) sections.push(await qualitySection(scratch, context));
  return sections;
}
