import { defineCommand, type CommandModule } from "../command-module.ts";
import { oneOf } from "../option-values.ts";
import { UsageError } from "../usage-error.ts";

/** `polyvec reproduce`: one-path and multi-path models trained and evaluated side by side on the offline benchmark. */
export const command: CommandModule = defineCommand({
  configure: (command) =>
    command
      .option(
        "--preset <name>",
        "quick: about ten minutes on two cores; full: several seeds and ablations",
        oneOf("quick", "full"),
        "quick",
      )
      .option("--out <folder>", "run folder; default runs/<preset>"),
  async run({ preset }) {
    throw new UsageError({ message: `cannot reproduce with preset ${preset}: this build has no trainer yet` });
  },
});
