import { TASK_FAMILIES, type TaskFamily } from "../../data/emoji/tasks/task-types.ts";
import { defineCommand, type CommandContext, type CommandModule } from "../command-module.ts";
import { namesOption, shardOption } from "../evaluation/mmeb/mmeb-options.ts";
import { RESOLUTIONS } from "../../eval/mmeb/image-resolution.ts";
import { oneOf, positiveInteger, someOf, wholeNumber } from "../option-values.ts";
import { showDownload } from "../terminal/show-download.ts";

/** `polyvec eval <model> --bench emoji|mmeb`: scores a model on a benchmark. */
export const command: CommandModule = defineCommand({
  configure: (command) =>
    command
      .argument("[model]", "model folder, a model that ships, or one of the hub (org/name[@revision]); default emoji-mini")
      .option("--bench <name>", "emoji, which is offline, or mmeb, whose data lies in --data and --images", oneOf("emoji", "mmeb"), "emoji")
      .option("--out <folder>", "folder for report.html and report.json; for mmeb also the results by dataset, from which it goes on")
      .option("--threads <count>", "threads of the engine", positiveInteger)
      .option("--split <name>", "emoji: validation, for choices, or test, for what is reported", oneOf("validation", "test"), "test")
      .option("--queries <count>", "emoji: at most so many queries for each task", positiveInteger, 300)
      .option("--families <names...>", `emoji: only these tasks: ${TASK_FAMILIES.join(", ")}`, someOf(...TASK_FAMILIES))
      .option("--path <index>", "emoji: the path scored as the single one, from 0; default 0", wholeNumber)
      .option("--write-mmeb <folder>", "emoji: score nothing, write the tasks in MMEB's layout: data/ and images/")
      .option("--data <folder>", "mmeb: holds <dataset>/test-*.parquet, as on the hub")
      .option("--images <path>", "mmeb: the images' root: a folder, a zip, or a folder of zips")
      .option("--datasets <names...>", "mmeb: only these of the 36; all that are there if not given", namesOption)
      .option("--subset <rows>", "mmeb: only the first so many rows of each dataset", positiveInteger)
      .option("--embedder <module>", "mmeb: score a JavaScript module that exports embed(inputs), in place of a model")
      .option(
        "--prompts <kind>",
        "mmeb: by the reference's rules, or by the model's own template",
        oneOf("reference", "model"),
        "reference",
      )
      .option(
        "--resolution <size>",
        "mmeb: native, or squashed to the reference's square: high 1344, mid 672, low 128",
        oneOf(...RESOLUTIONS),
        "native",
      )
      .option("--missing-images <what>", "mmeb: error, or omit what misses one, and count it", oneOf("error", "omit"), "error")
      .option("--shard <i/n>", "mmeb: embed only this part, into the cache; a run without it then scores", shardOption)
      .option("--cache <folder>", "mmeb: where embeddings are kept; default ~/.cache/polyvec/embeddings")
      .option("--rehash-images", "mmeb: read every image again to name it by its content, whatever the cache knows of it")
      .option("--batch-size <inputs>", "mmeb: inputs that the model takes at a time; default 32", positiveInteger)
      .option("--seed <number>", "mmeb: of the order in which candidates are scored", wholeNumber, 0),
  async run({ bench, ...options }, context, [name]) {
    if (bench === "emoji" && options.writeMmeb !== undefined) {
      const { writeEmojiAsMmeb } = await import("../evaluation/mmeb/write-emoji.ts");
      return writeEmojiAsMmeb(options.writeMmeb, options, context);
    }
    if (bench === "emoji") return evalEmoji(name, options, context);
    const { evalMmeb } = await import("../evaluation/mmeb/eval-mmeb.ts");
    await evalMmeb(name, options, context);
  },
});

interface EmojiOptions {
  readonly split: "validation" | "test";
  readonly queries: number;
  readonly families?: readonly TaskFamily[] | undefined;
  readonly path?: number | undefined;
  readonly writeMmeb?: string | undefined;
  readonly out?: string | undefined;
  readonly threads?: number | undefined;
}

async function evalEmoji(
  name: string | undefined,
  { split, queries, families, path, out, threads }: EmojiOptions,
  context: CommandContext,
): Promise<void> {
  const [{ loadModel }, { loadCorpus }, { scoreModel }, { printReport }, { withoutPictures }] = await Promise.all([
    import("../../embed/load-model.ts"),
    import("../evaluation/load-corpus.ts"),
    import("../evaluation/score-model.ts"),
    import("../evaluation/print-report.ts"),
    import("../../eval/cases/query-case.ts"),
  ]);
  await using model = await loadModel(name, { ...showDownload(context), ...(threads === undefined ? {} : { threads }) });
  const corpus = await loadCorpus(context);
  const tasks = { split, queriesPerTask: queries, ...(families === undefined ? {} : { families }) };
  const report = await scoreModel(model, { corpus, singlePath: path, ...tasks }, context);
  const files = out === undefined ? undefined : await (await import("../../eval/report/write-report.ts")).writeReport(out, report);
  if (context.json) return await context.out.json({ report: { ...report, cases: withoutPictures(report.cases) }, files: files ?? null });
  await context.out.line(printReport(report));
  if (files !== undefined) await context.out.line(`\nThe report: ${files.html}\nThe same for programs: ${files.json}`);
}
