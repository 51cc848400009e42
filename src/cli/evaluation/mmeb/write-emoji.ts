import type { TaskFamily } from "../../../data/emoji/tasks/task-types.ts";
import { emojiBenchmark } from "../../../eval/benchmark/emoji-benchmark.ts";
import { EMOJI_STAND_INS } from "../../../eval/mmeb/export/emoji-stand-ins.ts";
import { writeTasksAsMmeb } from "../../../eval/mmeb/export/write-tasks.ts";
import type { CommandContext } from "../../command-module.ts";
import { loadCorpus } from "../load-corpus.ts";

/** Which tasks of the emoji benchmark are written. */
export interface WriteEmojiOptions {
  readonly split: "validation" | "test";
  readonly queries: number;
  readonly families?: readonly TaskFamily[] | undefined;
}

/** Writes the emoji benchmark in MMEB's layout and says how it is run. */
export async function writeEmojiAsMmeb(
  folder: string,
  { split, queries, families }: WriteEmojiOptions,
  context: CommandContext,
): Promise<void> {
  const corpus = await loadCorpus(context);
  const tasks = emojiBenchmark(corpus, { split, queriesPerTask: queries, ...(families !== undefined && { families }) });
  const standIns: Readonly<Record<string, Readonly<Record<"seen" | "unseen", string>>>> = EMOJI_STAND_INS;
  const written = await writeTasksAsMmeb(folder, tasks, ({ family, concepts }) => standIns[family]?.[concepts] ?? family);
  if (context.json) return context.out.json(written);
  for (const [task, dataset] of Object.entries(written.datasets)) await context.out.line(`${task} stands as ${dataset}`);
  await context.out.line(`\nScore it with: polyvec eval --bench mmeb --prompts model --data ${written.data} --images ${written.images}`);
}
