import type { Recipe } from "../../train/recipe/recipe-types.ts";
import { quoted } from "../quoted.ts";

/** What `polyvec train` was asked for beside the recipe. */
export interface TrainCommandOptions {
  readonly out?: string | undefined;
  readonly resume?: true | undefined;
  readonly seed?: number | undefined;
  readonly steps?: number | undefined;
  readonly threads?: number | undefined;
  readonly dtype?: "float32" | "float16" | "int8" | undefined;
  /** A port of the live page, or true for the usual one. */
  readonly dashboard?: number | true | undefined;
}

/** The recipe with what the command line gives in place of its own. */
export function overridden(recipe: Recipe, { seed = recipe.seed, steps = recipe.steps }: TrainCommandOptions): Recipe {
  return { ...recipe, seed, steps };
}

/** The command that goes on with a run. */
export function resumeCommand(recipeFile: string, { out = "", seed, steps, threads, dtype, dashboard }: TrainCommandOptions): string {
  const values = Object.entries({ seed, steps, threads, dtype }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name} ${value}`],
  );
  return `${["polyvec train", quoted(recipeFile), "--out", quoted(out), ...values].join(" ")}${dashboardArgument(dashboard)} --resume`;
}

/** The option that asks for a live page, with a space before it; nothing if none is asked for. */
export function dashboardArgument(dashboard: number | true | undefined): string {
  if (dashboard === undefined) return "";
  return dashboard === true ? " --dashboard" : ` --dashboard ${dashboard}`;
}
