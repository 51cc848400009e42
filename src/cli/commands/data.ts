import { defineCommand, type CommandModule } from "../command-module.ts";
import { positiveInteger } from "../option-values.ts";

const check: CommandModule = defineCommand({
  configure: (command) =>
    command
      .argument(
        "<path>",
        "folder of <dataset>/<split>-*.parquet as MMEB-train has them, a file of parquet or JSON lines, or a dataset of the hub",
      )
      .option("--images <path>", "folder or .zip that image paths begin in; the data's own folder if not given")
      .option("--split <name>", "split of each dataset", "original")
      .option("--datasets <names>", "only these, separated by commas", names)
      .option("--model <model>", "count tokens as this model does, not characters")
      .option("--rows <count>", "only so many rows of each dataset, the first", positiveInteger)
      .option("--out <folder>", "folder for data-check.html (with pictures) and data-check.json"),
  async run(options, context, [path]) {
    const { checkData } = await import("../data/check-data.ts");
    await checkData(path, options, context);
  },
});

/** `polyvec data <what>`: looks after training data. */
export const command: CommandModule = {
  register(command, start) {
    check.register(
      command.command("check").description("tell what a training would meet: rows, missing images, duplicates, lengths"),
      start,
    );
  },
};

function names(text: string): readonly string[] {
  return text.split(",").filter((name) => name !== "");
}
