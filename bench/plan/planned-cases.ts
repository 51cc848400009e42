import { dirname, join } from "node:path";
import { readRecipe } from "../../src/train/recipe/recipe.ts";
import type { Recipe } from "../../src/train/recipe/recipe-types.ts";

/** A training that is planned and then measured. */
export interface PlannedCase {
  readonly name: string;
  /** File in `recipes/`. */
  readonly file: string;
  readonly change?: (recipe: Recipe) => Recipe;
}

const RECIPES = join(import.meta.dirname, "../../recipes");
const BATCH = 32;

const lora = { rank: 8, alpha: 16, targetModules: ["q_proj", "v_proj"], rankStabilized: false, dora: false };

/** Small trainings that differ in what they cost: paths, topology, chunks, adapters, recomputation. */
export const PLANNED_CASES: readonly PlannedCase[] = [
  { name: "single path", file: "emoji-ssc.json" },
  { name: "4 paths", file: "emoji-pdf.json" },
  { name: "4 paths, shared", file: "emoji-pdf-shared.json" },
  { name: "4 paths, chunks of 16", file: "emoji-pdf.json", change: (recipe) => ({ ...recipe, chunkSize: 16 }) },
  { name: "4 paths, recomputation", file: "emoji-pdf.json", change: (recipe) => ({ ...recipe, recompute: true }) },
  { name: "4 paths, LoRA", file: "emoji-pdf.json", change: (recipe) => ({ ...recipe, model: { ...recipe.model, lora } }) },
];

/** The recipe of a case, in small batches. */
export async function recipeOf({ file, change = (recipe) => recipe }: PlannedCase): Promise<{ recipe: Recipe; baseFolder: string }> {
  const path = join(RECIPES, file);
  const recipe = change(await readRecipe(path));
  const { data } = recipe;
  const sized = data.kind === "examples" ? data : { ...data, batchSize: BATCH, canvasBatchSize: BATCH / 2 };
  return { recipe: { ...recipe, data: sized }, baseFolder: join(dirname(path), recipe.model.base ?? "") };
}
