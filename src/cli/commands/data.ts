import { defineCommand, type CommandModule } from "../command-module.ts";
import { positiveInteger } from "../option-values.ts";
import { UsageError } from "../usage-error.ts";

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

const mine: CommandModule = defineCommand({
  configure: (command) =>
    command
      .argument("<model>", "model folder, a model that ships, or one of the hub: best one trained on this data")
      .argument("<path>", "the data, as for check")
      .requiredOption("--out <folder>", "folder for the same datasets with hard negatives")
      .option("--images <path>", "folder or .zip that image paths begin in; the data's own folder if not given")
      .option("--split <name>", "split of each dataset", "original")
      .option("--datasets <names>", "only these, separated by commas", names)
      .option("--rows <count>", "only so many rows of each dataset, the first", positiveInteger)
      .option("--count <count>", "hard negatives of a row, at most", positiveInteger, 5)
      .option("--margin <cosine>", "targets whose cosine is above the positive's minus this are left out as likely answers", cosine, 0.05)
      .option("--batch <size>", "inputs embedded at once", positiveInteger)
      .option("--threads <count>", "threads of the engine", positiveInteger),
  async run(options, context, [model, path]) {
    const { mineData } = await import("../data/mine-data.ts");
    await mineData(model, path, options, context);
  },
});

/** `polyvec data <what>`: looks after training data. */
export const command: CommandModule = {
  register(command, start) {
    check.register(
      command.command("check").description("tell what a training would meet: rows, missing images, duplicates, lengths"),
      start,
    );
    mine.register(command.command("mine").description("find hard negatives with a trained model"), start);
  },
};

function cosine(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= -2 && value <= 2) return value;
  throw new UsageError({ message: `got "${text}" where a difference of cosines, -2 to 2, was expected`, details: { argument: text } });
}

function names(text: string): readonly string[] {
  return text.split(",").filter((name) => name !== "");
}
