import { loadEmojiCorpus, type EmojiCorpus } from "../../data/emoji/corpus.ts";
import type { CommandContext } from "../command-module.ts";
import { showProgress } from "./show-progress.ts";

/** Loads the emoji; the first time they are drawn, which is shown. @throws as `loadEmojiCorpus`. */
export async function loadCorpus(context: Pick<CommandContext, "progress" | "signal">): Promise<EmojiCorpus> {
  const shown = showProgress(context, { label: "draw the emoji (first time only)", unit: "pictures" });
  return loadEmojiCorpus(shown.options).finally(shown.finish);
}
