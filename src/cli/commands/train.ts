import { dirname, resolve } from "node:path";
import { AbortedError } from "../../errors/families.ts";
import type { Recipe } from "../../train/recipe/recipe-types.ts";
import type { RunEvent } from "../../train/run/run-events.ts";
import type { RunResult } from "../../train/run/run-options.ts";
import { defineCommand, type CommandContext, type CommandModule } from "../command-module.ts";
import { positiveInteger } from "../option-values.ts";

/** `polyvec train <recipe> --out <folder>`: trains a model as a recipe says. */
export const command: CommandModule = defineCommand({
  configure: (command) =>
    command
      .argument("<recipe>", "recipe file (JSON)")
      .requiredOption("--out <folder>", "run folder: configuration, metrics, checkpoints, model")
      .option("--resume", "go on with the run in that folder from its last checkpoint")
      .option("--threads <count>", "threads of the engine", positiveInteger),
  async run(options, context, [recipeFile]) {
    const { readRecipe } = await import("../../train/recipe/recipe.ts");
    const recipe = await readRecipe(recipeFile);
    const result = await train(recipe, { ...options, recipeFile, context });
    if (result.status === "interrupted") throw stopped(result, recipeFile);
    await report(result, context);
  },
});

interface TrainCommand {
  readonly out: string;
  readonly resume?: boolean | undefined;
  readonly threads?: number | undefined;
  readonly recipeFile: string;
  readonly context: CommandContext;
}

async function train(recipe: Recipe, { out, resume = false, threads, recipeFile, context }: TrainCommand): Promise<RunResult> {
  const [{ loadEmojiCorpus }, { openRecipeData }, { runTraining }] = await Promise.all([
    import("../../data/emoji/corpus.ts"),
    import("../../train/sources/recipe-source.ts"),
    import("../../train/run/run-training.ts"),
  ]);
  const corpus = await loadEmojiCorpus({ signal: context.signal });
  const { source, texts } = await openRecipeData(recipe, corpus);
  const { base } = recipe.model;
  const task = context.progress.task({ label: `train ${recipe.name}`, total: recipe.steps, itemUnit: "inputs" });
  const shown = { items: 0 };
  return runTraining({
    recipe,
    baseFolder: base === undefined ? undefined : resolve(dirname(recipeFile), base),
    out,
    resume,
    source,
    texts,
    threads,
    signal: context.signal,
    onEvent: (event: RunEvent) => {
      if (event.type !== "step") return;
      shown.items += event.inputs;
      task.update({ done: event.step, items: shown.items, loss: event.loss, precisionAt1: event.precision });
    },
  }).finally(() => task.finish());
}

function stopped({ folder, step }: RunResult, recipeFile: string): AbortedError {
  return new AbortedError({
    message: `stopped after step ${step}; a checkpoint is written. Go on with: polyvec train ${recipeFile} --out ${folder} --resume`,
    details: { run: folder, step },
  });
}

async function report(result: RunResult, { out, json }: CommandContext): Promise<void> {
  if (json) await out.json(result);
  else await out.line(`trained ${result.step} steps; the model is in ${result.model ?? result.folder}`);
}
