import { TASK_FAMILIES, type TaskFamily } from "../../data/emoji/tasks/task-types.ts";
import { defineCommand, type CommandModule } from "../command-module.ts";
import { oneOf, positiveInteger, wholeNumber } from "../option-values.ts";
import { showDownload } from "../terminal/show-download.ts";

/** `polyvec eval <model> --bench emoji`: scores a model on a benchmark. */
export const command: CommandModule = defineCommand({
  configure: (command) =>
    command
      .argument("[model]", "model folder, a model that ships, or one of the hub (org/name[@revision]); default emoji-mini")
      .option("--bench <name>", "emoji, which is offline", oneOf("emoji"), "emoji")
      .option("--split <name>", "validation: for choices; test: for what is reported", oneOf("validation", "test"), "test")
      .option("--queries <count>", "at most so many queries for each task", positiveInteger, 300)
      .option("--families <names...>", `only these tasks: ${TASK_FAMILIES.join(", ")}`, someOf)
      .option("--path <index>", "the path scored as the single one, from 0; default 0", wholeNumber)
      .option("--out <folder>", "folder for report.html and report.json")
      .option("--threads <count>", "threads of the engine", positiveInteger),
  async run({ split, queries, families, path, out, threads }, context, [name]) {
    const [{ loadModel }, { loadCorpus }, { scoreModel }, { printReport }] = await Promise.all([
      import("../../embed/load-model.ts"),
      import("../evaluation/load-corpus.ts"),
      import("../evaluation/score-model.ts"),
      import("../evaluation/print-report.ts"),
    ]);
    await using model = await loadModel(name, { ...showDownload(context), ...(threads === undefined ? {} : { threads }) });
    const corpus = await loadCorpus(context);
    const tasks = { split, queriesPerTask: queries, ...(families === undefined ? {} : { families }) };
    const report = await scoreModel(model, { corpus, singlePath: path, ...tasks }, context);
    const files = out === undefined ? undefined : await (await import("../../eval/report/write-report.ts")).writeReport(out, report);
    if (context.json) return await context.out.json({ report, files: files ?? null });
    await context.out.line(printReport(report));
    if (files !== undefined) await context.out.line(`\nThe report: ${files.html}\nThe same for programs: ${files.json}`);
  },
});

/** Collects the names after `--families`. */
function someOf(text: string, others: readonly TaskFamily[] = []): readonly TaskFamily[] {
  return [...others, ...text.split(",").map(oneOf(...TASK_FAMILIES))];
}
