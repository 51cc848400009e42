import { defineCommand, type CommandModule } from "../command-module.ts";
import { UsageError } from "../usage-error.ts";

/** `polyvec train <recipe> --out <folder>`: trains a model as a recipe says. */
export const command: CommandModule = defineCommand({
  configure: (command) =>
    command
      .argument("<recipe>", "recipe file (JSON)")
      .requiredOption("--out <folder>", "run folder: configuration, metrics, checkpoints, model, report")
      .option("--resume", "go on with the run in that folder from its last checkpoint"),
  async run(_options, _context, [recipe]) {
    throw new UsageError({ message: `cannot train ${recipe}: this build has no trainer yet` });
  },
});
