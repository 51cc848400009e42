import { defineCommand, type CommandModule } from "../command-module.ts";
import { oneOf } from "../option-values.ts";
import { UsageError } from "../usage-error.ts";

/** `polyvec eval <model> --bench emoji|mmeb`: scores a model on a benchmark. */
export const command: CommandModule = defineCommand({
  configure: (command) =>
    command.argument("<model>", "model folder").option("--bench <name>", "emoji (offline) or mmeb", oneOf("emoji", "mmeb"), "emoji"),
  async run({ bench }, _context, [model]) {
    throw new UsageError({ message: `cannot score ${model} on ${bench}: this build has no benchmarks yet` });
  },
});
