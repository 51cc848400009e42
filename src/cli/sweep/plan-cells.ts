import { dirname } from "node:path";
import { AbortedError, ConfigError, present } from "../../errors/families.ts";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import { fetchHubSettings } from "../../model/folder/hub/hub-model.ts";
import { outlineModel } from "../../train/prepare-model.ts";
import type { Recipe } from "../../train/recipe/recipe-types.ts";
import type { OpenedData } from "../../train/sources/opened-data.ts";
import type { CommandContext } from "../command-module.ts";
import type { Machine } from "../planning/machines.ts";
import { planRun, type RunPlan } from "../planning/plan-run.ts";
import { showDownload } from "../terminal/show-download.ts";
import { baseFolderOf } from "../training/run-recipe.ts";
import { canonicalJson } from "./json-value.ts";
import { recipeForSeed, type SweepCell } from "./sweep-cells.ts";
import type { Sweep } from "./read-sweep.ts";

/** Batches of each cell that are looked at: one of each emoji task. */
const BATCHES = 6;

/** What cells are planned with. */
export interface CellPlanning {
  readonly openData: (recipe: Recipe) => Promise<OpenedData>;
  readonly machines: readonly Machine[];
}

/**
 * What each cell costs with one seed, by its id. A cell that its base cannot have is found here, before anything is trained.
 * @throws {ConfigError} naming the cell, if its recipe does not fit the base.
 */
export async function planCells(
  { cells, definition, recipeFile }: Sweep,
  { openData, machines }: CellPlanning,
  context: CommandContext,
): Promise<ReadonlyMap<string, RunPlan>> {
  const seed = definition.seeds[0];
  const opened = new Map<string, OpenedData>();
  const plans = new Map<string, RunPlan>();
  try {
    for (const cell of cells) {
      if (context.signal.aborted) throw new AbortedError({ message: "the planning was stopped", cause: context.signal.reason });
      const recipe = recipeForSeed(cell, seed);
      const key = canonicalJson(recipe.data);
      if (!opened.has(key)) opened.set(key, await openData(recipe));
      const { source, texts, heldBytes } = present(opened.get(key), "the data");
      const baseFolder = await baseFolderOf({ recipe, file: recipeFile }, context, (id) => fetchHubSettings(id, showDownload(context)));
      const outline = await outlineModel(recipe, { baseFolder, texts }).catch(inCell(cell));
      plans.set(cell.id, await planRun(recipe, { outline, batches: { source, heldBytes, count: BATCHES }, machines }).catch(inCell(cell)));
    }
  } finally {
    for (const data of opened.values()) await data.dispose?.();
  }
  return plans;
}

/** Names the cell in an error of its model. */
function inCell({ label }: SweepCell): (error: unknown) => never {
  return (error) => {
    if (!PolyvecError.isInstance(error) || !["config", "graph", "shape"].includes(error.code)) throw error;
    const { message, details } = error;
    throw new ConfigError({
      message: `the cell ${label} cannot be trained: ${message}`,
      details: { ...details, cell: label },
      cause: error,
    });
  };
}

/** Where relative paths of a sweep's recipes begin. */
export function recipeFolder({ recipeFile }: Pick<Sweep, "recipeFile">): string {
  return dirname(recipeFile);
}
