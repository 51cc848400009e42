import { defineCommand, type CommandModule } from "../command-module.ts";
import { wholeNumber } from "../option-values.ts";

/** `polyvec compare <reference> <runs...>`: paired differences between runs on MMEB. */
export const command: CommandModule = defineCommand({
  configure: (command) =>
    command
      .argument(
        "<reference>",
        "folder of a run (eval --bench mmeb --out), or <folder>@<view>: aggregate, all, maxSim, path-0, ...; default aggregate",
      )
      .argument("<runs...>", "runs that are compared with it, named likewise")
      .option("--out <folder>", "folder for comparison.html, comparison.md and comparison.json")
      .option("--seed <number>", "of the resamples", wholeNumber, 0),
  async run({ out, seed }, context, [reference, others]) {
    const [{ compareRuns }, { readScoredRun }, { printComparison }] = await Promise.all([
      import("../../eval/mmeb/compare/compare-runs.ts"),
      import("../../eval/mmeb/compare/read-run.ts"),
      import("../evaluation/mmeb/print-comparison.ts"),
    ]);
    const runs = await Promise.all([reference, ...others].map(readScoredRun));
    const comparison = compareRuns(runs, { createdAt: new Date(), seed });
    const files =
      out === undefined ? undefined : await (await import("../../eval/mmeb/compare/write-comparison.ts")).writeComparison(out, comparison);
    if (context.json) return context.out.json({ comparison, files: files ?? null });
    await context.out.line(printComparison(comparison));
    if (files !== undefined)
      await context.out.line(`\nThe report: ${files.html}\nAs Markdown: ${files.markdown}\nThe same for programs: ${files.json}`);
  },
});
