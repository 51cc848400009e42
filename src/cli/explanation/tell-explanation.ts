import { basename } from "node:path";
import { withPictures } from "../../eval/cases/case-pictures.ts";
import { withoutPictures } from "../../eval/cases/query-case.ts";
import { buildExplanation } from "../../eval/explain/build-explanation.ts";
import type { CommandContext } from "../command-module.ts";
import type { ExplainOptions } from "./explain-options.ts";
import type { ExplainedModel } from "./explain.ts";
import { printExplanation } from "./print-explanation.ts";

/** Works an explanation out, writes its files if a folder is named, and tells it. */
export async function tellExplanation(
  { name, what, tasks, open, facts, notices }: ExplainedModel,
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
  const files = out === undefined ? undefined : await (await import("../../eval/explain/write-explanation.ts")).writeExplanation(out, explanation);
  if (context.json) return context.out.json({ explanation: { ...explanation, cases: withoutPictures(explanation.cases) }, files: files ?? null });
  await context.out.line(printExplanation(explanation));
  if (files !== undefined) await context.out.line(`\nThe page: ${files.html}\nThe same for programs: ${files.json}`);
}
