import { defineCommand, type CommandModule } from "../command-module.ts";
import { oneOfDtypes, portNumber, positiveInteger, wholeNumber } from "../option-values.ts";
import { UsageError } from "../usage-error.ts";

/** `polyvec train <recipe> --out <folder>`: trains a model as a recipe says, under `mpirun` over several processes. */
export const command: CommandModule = defineCommand({
  configure: (command) =>
    command
      .argument("<recipe>", "recipe file (JSON); see docs/recipes.md")
      .option("--out <folder>", "run folder: configuration, metrics, checkpoints, model")
      .option("--resume", "go on with the run in that folder from its last checkpoint")
      .option("--dry-run", "train nothing: print the recipe with all its defaults, the parameters, and what a step costs")
      .option(
        "--write-mmeb <folder>",
        "train nothing: write the batches of a recipe on the emoji in MMEB-train's layout, with a recipe on them",
      )
      .option("--seed <number>", "in place of the recipe's", wholeNumber)
      .option("--steps <count>", "in place of the recipe's", positiveInteger)
      .option("--dtype <type>", "how the model's weights are stored: float32, float16 or int8", oneOfDtypes("float32", "float16", "int8"))
      .option("--threads <count>", "threads of the engine", positiveInteger)
      .option(
        "--dashboard [port]",
        "show the run on a live page, on 127.0.0.1 alone; port 4646 if none is named, 0: any free one",
        portNumber,
      ),
  async run({ dryRun = false, writeMmeb, out, ...options }, context, [file]) {
    if (writeMmeb !== undefined) {
      const [{ readRecipe }, { overridden }, { writeBatches }] = await Promise.all([
        import("../../train/recipe/recipe.ts"),
        import("../training/train-options.ts"),
        import("../training/write-batches.ts"),
      ]);
      return writeBatches(writeMmeb, { recipe: overridden(await readRecipe(file), options), file }, context);
    }
    if (out === undefined && !dryRun) throw new UsageError({ message: "name the run's folder with --out, or only look with --dry-run" });
    const [{ readRecipe }, { overridden }, { inProcesses }, { besideDashboard }, { planRecipe, runRecipe }, { printPlan }] =
      await Promise.all([
        import("../../train/recipe/recipe.ts"),
        import("../training/train-options.ts"),
        import("../training/in-processes.ts"),
        import("../training/beside-dashboard.ts"),
        import("../training/run-recipe.ts"),
        import("../planning/plan-training.ts"),
      ]);
    if (out === undefined || dryRun) {
      const recipe = overridden(await readRecipe(file), options);
      const plan = await planRecipe({ recipe, file }, context);
      return context.json ? context.out.json(plan) : context.out.line(printPlan(plan));
    }
    await inProcesses(context, options.threads, async (member) => {
      const recipe = overridden(await readRecipe(file), options);
      const dashboard = member.communicator.rank === 0 ? options.dashboard : undefined;
      const result = await besideDashboard({ out, dashboard }, member.context, () =>
        runRecipe({ recipe, file }, { ...options, out }, member),
      );
      const { json, out: output } = member.context;
      if (json) await output.json({ type: "end", ...result });
      else await output.line(`trained ${result.step} steps; the model is in ${result.model ?? result.folder}`);
    });
  },
});
