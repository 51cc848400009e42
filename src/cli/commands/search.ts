import { defineCommand, type CommandModule } from "../command-module.ts";
import { positiveInteger } from "../option-values.ts";
import { UsageError } from "../usage-error.ts";

/** `polyvec search <query>`: the images that fit a text best, over a folder or the emoji. */
export const command: CommandModule = defineCommand({
  configure: (command) =>
    command
      .argument("<query>", "what to look for: a text, or the path of an image")
      .option("--model <folder>", "model folder; default the one that ships")
      .option("--in <folder>", "folder of images to search; default the emoji of all vendors")
      .option("--top <count>", "how many to show", positiveInteger, 10),
  async run(_options, _context, [query]) {
    throw new UsageError({ message: `cannot search for ${query}: this build has no embedder yet` });
  },
});
