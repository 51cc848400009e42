import { defineCommand, type CommandModule } from "../command-module.ts";
import { defaultCache, namesOption } from "../evaluation/mmeb/mmeb-options.ts";
import { oneOf, positiveInteger, wholeNumber } from "../option-values.ts";
import { baselineOption, seedsOption, setOption, varyOption } from "../sweep/field-options.ts";
import { againCommand, overridesOf } from "../sweep/sweep-command-options.ts";
import { UsageError } from "../usage-error.ts";

/** `polyvec sweep <sweep or recipe>`: trains and scores every combination of some settings, with every seed, into one table. */
export const command: CommandModule = defineCommand({
  configure: (command) =>
    command
      .argument("<file>", "a sweep (JSON), or a recipe of which --vary says what is tried; see docs/sweep.md")
      .option("--out <folder>", "where runs and table go; the same command goes on with what is in it")
      .option("--vary <field=values...>", "values to try, every combination: model.paths.count=1,2,4", varyOption)
      .option("--set <field=value...>", "set in every cell: steps=200", setOption)
      .option("--seeds <numbers>", "train every cell with each: 1,2,3", seedsOption)
      .option("--random <cells>", "only so many of the combinations, drawn at random", positiveInteger)
      .option("--seed <number>", "of --random", wholeNumber, 0)
      .option(
        "--baseline <cell>",
        "what others are compared with: model.paths.count=1, or a cell's name; default the first",
        baselineOption,
      )
      .option("--view <name>", "compare and choose by aggregate, all or maxSim; default aggregate", oneOf("aggregate", "all", "maxSim"))
      .option("--bench <name>", "emoji, for recipes that train on them, or mmeb", oneOf("emoji", "mmeb"))
      .option("--queries <count>", "emoji: at most so many queries for each task; default 60", positiveInteger)
      .option("--data <folder>", "mmeb: holds <dataset>/test-*.parquet to choose by")
      .option("--images <path>", "mmeb: the images' root: a folder, a zip, or a folder of zips")
      .option("--datasets <names...>", "mmeb: only these", namesOption)
      .option("--subset <rows>", "mmeb: only the first so many rows of each dataset", positiveInteger)
      .option("--prompts <kind>", "mmeb: reference or model; default reference", oneOf("reference", "model"))
      .option("--cache <folder>", "mmeb: where embeddings are kept; default ~/.cache/polyvec/embeddings")
      .option("--test", "also score the test, which nothing is chosen by")
      .option("--test-data <folder>", "mmeb: what --test scores")
      .option("--test-images <path>", "mmeb: its images")
      .option("--retry", "try runs again that failed")
      .option("--dry-run", "train nothing: print the cells and what they will cost")
      .option("--threads <count>", "threads of the engine", positiveInteger),
  async run(options, context, [file]) {
    const { out, dryRun = false, threads, test = false, retry = false, cache = defaultCache() } = options;
    if (out === undefined && !dryRun) throw new UsageError({ message: "name the sweep's folder with --out, or only look with --dry-run" });
    const { readSweep } = await import("../sweep/read-sweep.ts");
    const sweep = await readSweep(file, overridesOf(options));
    if (out === undefined || dryRun) {
      const { planSweep, printSweepPlan } = await import("../sweep/dry-run.ts");
      const plan = await planSweep(sweep, { out, threads }, context);
      return context.json ? context.out.json(plan) : context.out.line(printSweepPlan(plan));
    }
    const [{ runSweep }, { printSweep }] = await Promise.all([import("../sweep/run-sweep.ts"), import("../sweep/print-sweep.ts")]);
    const again = againCommand(file, options);
    const result = await runSweep({ sweep, out, test, retry, cache, threads, again }, context);
    await (context.json ? context.out.json(result) : context.out.line(printSweep(result)));
  },
});
