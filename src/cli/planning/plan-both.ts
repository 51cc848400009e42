import { outlineModel } from "../../train/prepare-model.ts";
import type { CommandContext } from "../command-module.ts";
import { baseFolderOf, openData, type RecipeFile } from "../training/run-recipe.ts";
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
}

/** Plans a recipe and its single-path baseline on this machine and on others. @throws as `outlineModel` and `openRecipeData`. */
export async function planBoth({ recipe, file }: RecipeFile, options: PlanningOptions, context: CommandContext): Promise<RunPlans> {
  const { data } = await openData({ recipe, file }, context);
  const baseFolder = await baseFolderOf({ recipe, file }, context);
  const machines = [await measureMachine(options.threads), ...options.machines.map(accelerator)];
  const planOf = async (planned: typeof recipe): Promise<RunPlan> => {
    const outline = await outlineModel(planned, { baseFolder, texts: data.texts });
    return planRun(planned, { outline, source: data.source, machines });
  };
  try {
    const plan = await planOf(recipe);
    return recipe.model.paths.count === 1 ? { plan } : { plan, baseline: await planOf(baselineOf(recipe)) };
  } finally {
    await data.dispose?.();
  }
}
