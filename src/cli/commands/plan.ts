import { parseAssumedInputs } from "../planning/assumed-inputs.ts";
import { ACCELERATORS, type AcceleratorName } from "../planning/machines.ts";
import { defineCommand, type CommandModule } from "../command-module.ts";
import { oneOf, positiveInteger, wholeNumber } from "../option-values.ts";

/** `polyvec plan <recipe>`: what a training will cost before it starts, beside the single-path baseline. */
export const command: CommandModule = defineCommand({
  configure: (command) =>
    command
      .argument("<recipe>", "recipe file (JSON); see docs/recipes.md")
      .option("--machines <names...>", `accelerators to plan for: ${ACCELERATORS.join(", ")}; this machine is always there`, someOf)
      .option("--inputs <size>", "plan without the data: assume such inputs, a picture and words, as 672x448+40", parseAssumedInputs)
      .option("--seed <number>", "in place of the recipe's", wholeNumber)
      .option("--steps <count>", "in place of the recipe's", positiveInteger)
      .option("--threads <count>", "threads of the engine on this machine", positiveInteger),
  async run({ machines = [...ACCELERATORS], threads, inputs, ...options }, context, [file]) {
    const [{ readRecipe }, { overridden }, { planBoth }, { printRunPlans }] = await Promise.all([
      import("../../train/recipe/recipe.ts"),
      import("../training/train-options.ts"),
      import("../planning/plan-both.ts"),
      import("../planning/print-run-plans.ts"),
    ]);
    const recipe = overridden(await readRecipe(file), options);
    const plans = await planBoth({ recipe, file }, { machines, threads, inputs }, context);
    await (context.json ? context.out.json(plans) : context.out.line(printRunPlans(plans)));
  },
});

function someOf(word: string, before: readonly AcceleratorName[] | undefined): readonly AcceleratorName[] {
  return [...(before ?? []), oneOf(...ACCELERATORS)(word)];
}
