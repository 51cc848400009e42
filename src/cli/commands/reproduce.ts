import { defineCommand, type CommandModule } from "../command-module.ts";
import { oneOf, portNumber, positiveInteger } from "../option-values.ts";
import { terminalWidth } from "../terminal/terminal-width.ts";

/** `polyvec reproduce`: one-path and multi-path models trained and evaluated side by side on the offline benchmark. */
export const command: CommandModule = defineCommand({
  configure: (command) =>
    command
      .option(
        "--preset <name>",
        "quick: about ten minutes on two cores; full: three seeds and all ablations",
        oneOf("quick", "full"),
        "quick",
      )
      .option("--out <folder>", "where runs and report go; default runs/reproduce-<preset>, numbered if there is a finished one")
      .option("--resume", "go on with the reproduction in that folder: finished runs are kept")
      .option("--base <model>", "start from that model folder, or model of the hub (org/name[@revision]); default models/emoji-base")
      .option("--threads <count>", "threads of the engine", positiveInteger)
      .option(
        "--dashboard [port]",
        "show the runs on a live page, on 127.0.0.1 alone; port 4646 if none is named, 0: any free one",
        portNumber,
      ),
  async run({ preset: name, out, resume = false, base, threads, dashboard }, context) {
    const [
      { besideDashboard },
      { runsFolder },
      { PRESETS },
      { reproduce },
      { defaultFolder },
      { loadCorpus },
      { printResult },
      { withoutPictures },
    ] = await Promise.all([
      import("../training/beside-dashboard.ts"),
      import("../reproduce/plan-runs.ts"),
      import("../reproduce/presets.ts"),
      import("../reproduce/reproduce.ts"),
      import("../reproduce/reproduction-folder.ts"),
      import("../evaluation/load-corpus.ts"),
      import("../reproduce/print-result.ts"),
      import("../../eval/cases/query-case.ts"),
    ]);
    const { progress, signal } = context;
    const folder = out ?? (await defaultFolder(name, resume));
    const openCorpus = (): ReturnType<typeof loadCorpus> => loadCorpus(context);
    const result = await besideDashboard({ out: runsFolder(folder), dashboard }, context, () =>
      reproduce({ preset: PRESETS[name], openCorpus, base, out: folder, resume, threads, dashboard, progress, signal }),
    );
    const { report } = result;
    const printed = { ...report, cases: withoutPictures(report.cases), referenceCases: withoutPictures(report.referenceCases) };
    if (context.json) await context.out.json({ ...result, report: printed });
    else await context.out.line(printResult(result, terminalWidth()));
  },
});
