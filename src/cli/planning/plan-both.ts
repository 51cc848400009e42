import { present } from "../../errors/families.ts";
import { outlineModel } from "../../train/prepare-model.ts";
import { fetchHubSettings } from "../../model/folder/hub/hub-model.ts";
import type { CommandContext } from "../command-module.ts";
import { showDownload } from "../terminal/show-download.ts";
import { baseFolderOf, openData, type RecipeFile } from "../training/run-recipe.ts";
import { assumedBatches, type AssumedInputs } from "./assumed-inputs.ts";
import { accelerator, type AcceleratorName } from "./machines.ts";
import { measureMachine } from "./measure-machine.ts";
import { baselineOf, planRun, type RunPlan } from "./plan-run.ts";

/** A training as its recipe has it, and the single-path one beside it. */
export interface RunPlans {
  readonly plan: RunPlan;
  /** Not given where the recipe itself has one path. */
  readonly baseline?: RunPlan;
}

/** What to plan for. */
export interface PlanningOptions {
  readonly machines: readonly AcceleratorName[];
  /** Threads of this machine. */
  readonly threads: number | undefined;
  /** Inputs that stand for the data, which is then not opened. */
  readonly inputs?: AssumedInputs | undefined;
}

/** Plans a recipe and its single-path baseline on this machine and on others. @throws as `outlineModel` and `openRecipeData`. */
export async function planBoth({ recipe, file }: RecipeFile, options: PlanningOptions, context: CommandContext): Promise<RunPlans> {
  const data = options.inputs === undefined ? (await openData({ recipe, file }, context)).data : undefined;
  const batches =
    data === undefined
      ? assumedBatches(recipe, present(options.inputs, "assumed inputs"))
      : { source: data.source, heldBytes: data.heldBytes };
  const baseFolder = await baseFolderOf({ recipe, file }, context, (id) => fetchHubSettings(id, showDownload(context)));
  const machines = [await measureMachine(options.threads), ...options.machines.map(accelerator)];
  const planOf = async (planned: typeof recipe): Promise<RunPlan> => {
    const outline = await outlineModel(planned, { baseFolder, texts: data?.texts ?? (() => []) });
    return planRun(planned, { outline, batches, machines });
  };
  try {
    const plan = await planOf(recipe);
    return recipe.model.paths.count === 1 ? { plan } : { plan, baseline: await planOf(baselineOf(recipe)) };
  } finally {
    await data?.dispose?.();
  }
}
