import { defineCommand, type CommandModule } from "../command-module.ts";
import { UsageError } from "../usage-error.ts";

/** `polyvec embed [inputs]`: JSON lines of texts and image paths in, JSON lines or Parquet of embeddings out. */
export const command: CommandModule = defineCommand({
  configure: (command) =>
    command
      .argument("[inputs]", 'JSON lines of {"text", "image", "instruction"}; - is stdin', "-")
      .option("--model <folder>", "model folder; default the one that ships")
      .option("--out <file>", "file to write, .jsonl or .parquet; default stdout"),
  async run(_options, _context, [inputs]) {
    throw new UsageError({ message: `cannot embed ${inputs}: this build has no embedder yet` });
  },
});
