import { defineCommand, type CommandModule } from "../command-module.ts";
import { UsageError } from "../usage-error.ts";

/** `polyvec inspect <model>`: what a model folder holds. */
export const command: CommandModule = defineCommand({
  configure: (command) => command.argument("<model>", "model folder"),
  async run(_options, _context, [model]) {
    throw new UsageError({ message: `cannot inspect ${model}: this build reads no models yet` });
  },
});
