import { TASK_FAMILIES } from "../../data/emoji/tasks/task-types.ts";
import { RESOLUTIONS } from "../../eval/mmeb/image-resolution.ts";
import { defineCommand, type CommandModule } from "../command-module.ts";
import { namesOption } from "../evaluation/mmeb/mmeb-options.ts";
import { oneOf, positiveInteger, someOf, wholeNumber } from "../option-values.ts";

/** `polyvec explain <model>`: what each path finds, prefers and misses. */
export const command: CommandModule = defineCommand({
  configure: (command) =>
    command
      .argument("[model]", "model folder, a model that ships, or one of the hub (org/name[@revision]); default emoji-mini")
      .option("--bench <name>", "queries of emoji, which is offline, or of mmeb; default emoji", oneOf("emoji", "mmeb"))
      .option("--queries <path>", "your own queries in place of a benchmark: pairs as JSON lines or parquet, as train takes them")
      .option("--split <name>", "emoji: validation, for choices (default), or test", oneOf("validation", "test"))
      .option("--tasks <names...>", `emoji: only these: ${TASK_FAMILIES.join(", ")}`, someOf(...TASK_FAMILIES))
      .option("--data <folder>", "mmeb: holds <dataset>/test-*.parquet")
      .option("--images <path>", "mmeb and queries: what image paths begin in: a folder, a zip, or a folder of zips")
      .option("--datasets <names...>", "mmeb and queries: only these datasets", namesOption)
      .option("--subset <count>", "at most so many queries of each task; of emoji 300 if not given", positiveInteger)
      .option("--top <count>", "candidates of each query and view that explain.json names", positiveInteger, 3)
      .option("--out <folder>", "folder for explain.html and explain.json")
      .option("--embedder <module>", "mmeb: a JavaScript module that exports embed(inputs), in place of a model")
      .option("--prompts <kind>", "mmeb: reference or model, as for eval", oneOf("reference", "model"), "reference")
      .option("--resolution <size>", "mmeb: as for eval", oneOf(...RESOLUTIONS), "native")
      .option("--missing-images <what>", "mmeb: error or omit, as for eval", oneOf("error", "omit"), "error")
      .option("--cache <folder>", "mmeb: where embeddings are kept; default ~/.cache/polyvec/embeddings")
      .option("--batch-size <inputs>", "mmeb: inputs that the model takes at a time; default 32", positiveInteger)
      .option("--threads <count>", "threads of the engine", positiveInteger)
      .option("--seed <number>", "of resamples, and of the order in which candidates are scored", wholeNumber, 0),
  async run(options, context, [model]) {
    const { explain } = await import("../explanation/explain.ts");
    await explain(model, options, context);
  },
});
