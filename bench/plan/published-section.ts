import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assumedBatches } from "../../src/cli/planning/assumed-inputs.ts";
import { accelerator } from "../../src/cli/planning/machines.ts";
import { baselineOf, planRun, type RunPlan } from "../../src/cli/planning/plan-run.ts";
import { duration, flops } from "../../src/eval/report/format-number.ts";
import { outlineModel } from "../../src/train/prepare-model.ts";
import { readRecipe } from "../../src/train/recipe/recipe.ts";
import { LLAVA_NEXT_7B, QWEN2_VL_2B, QWEN2_VL_7B, type CheckpointSize } from "../backbones/checkpoint-sizes.ts";
import { writeSettings } from "../backbones/write-checkpoint.ts";
import type { SuiteSection } from "../suite.ts";

const SYSTEMS: readonly { readonly recipe: string; readonly size: CheckpointSize }[] = [
  { recipe: "pdf-qwen2vl-2b", size: QWEN2_VL_2B },
  { recipe: "pdf-qwen2vl-7b", size: QWEN2_VL_7B },
  { recipe: "pdf-llava16-7b-low", size: LLAVA_NEXT_7B },
];

/** A picture and about 80 tokens on both sides: the made-up tokenizer knows letters only. */
const INPUTS = { width: 672, height: 672, words: 16 };

/** What the paper's systems would cost, from the sizes of their published configurations; nothing is run. */
export async function publishedSection(): Promise<SuiteSection> {
  const folder = await mkdtemp(join(tmpdir(), "polyvec-plan-"));
  try {
    const facts: Record<string, string> = {};
    for (const { recipe, size } of SYSTEMS) {
      const base = join(folder, recipe);
      await writeSettings(base, size);
      facts[recipe] = await planned(join(import.meta.dirname, "../../recipes", `${recipe}.json`), base);
    }
    return { title: `planned, not run: batches of 1,024, pictures of ${INPUTS.width} x ${INPUTS.height}`, measurements: [], facts };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function planned(file: string, baseFolder: string): Promise<string> {
  const recipe = await readRecipe(file);
  const planOf = async (of: typeof recipe): Promise<RunPlan> => {
    const outline = await outlineModel(of, { baseFolder, texts: () => [] });
    return planRun(of, { outline, batches: assumedBatches(of, INPUTS), machines: [accelerator("h100")] });
  };
  const [paths, single] = [await planOf(recipe), await planOf(baselineOf(recipe))];
  const hours = (plan: RunPlan): string => duration(plan.times[0]?.seconds ?? null);
  return `${flops(paths.flops)}, ${hours(paths)} on an H100 as assumed; single path ${flops(single.flops)}, ${hours(single)}`;
}
