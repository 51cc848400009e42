import { basename } from "node:path";
import { withPictures, type PictureOpener } from "../../eval/cases/case-pictures.ts";
import { withoutPictures } from "../../eval/cases/query-case.ts";
import { buildExplanation } from "../../eval/explain/build-explanation.ts";
import type { TaskFindings } from "../../eval/explain/explain-collector.ts";
import type { Fact } from "../../eval/report/report-types.ts";
import type { CommandContext } from "../command-module.ts";
import type { ExplainOptions } from "./explain-options.ts";
import { printExplanation } from "./print-explanation.ts";

/** What was found, what it was found on, and how its pictures are had. */
export interface ExplainedModel {
  readonly name: string;
  /** What was scored, for the title. */
  readonly what: string;
  readonly tasks: readonly TaskFindings[];
  readonly open: PictureOpener;
  readonly facts: readonly Fact[];
  readonly notices?: readonly string[];
}

/** Works an explanation out, writes its files if a folder is named, and tells it. */
export async function tellExplanation(
  { name, what, tasks, open, facts, notices = [] }: ExplainedModel,
  { out, seed }: Pick<ExplainOptions, "out" | "seed">,
  context: CommandContext,
): Promise<void> {
  const cases = tasks.map((task) => task.cases);
  const explanation = buildExplanation({
    name,
    title: `What the paths of ${basename(name)} do on ${what}`,
    createdAt: new Date(),
    tasks,
    cases: await withPictures(cases, open),
    facts: [{ label: "Model", value: name }, ...facts],
    notices,
    bootstrap: { seed },
  });
  const files =
    out === undefined ? undefined : await (await import("../../eval/explain/write-explanation.ts")).writeExplanation(out, explanation);
  if (context.json)
    return context.out.json({ explanation: { ...explanation, cases: withoutPictures(explanation.cases) }, files: files ?? null });
  await context.out.line(printExplanation(explanation));
  if (files !== undefined) await context.out.line(`\nThe page: ${files.html}\nThe same for programs: ${files.json}`);
}
