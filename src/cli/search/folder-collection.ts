import { basename } from "node:path";
import type { Embedder } from "../../embed/embedder.ts";
import { indexPictures } from "../../search/index-pictures.ts";
import type { CommandContext } from "../command-module.ts";
import type { Collection } from "./collection.ts";

/** How many unreadable pictures are told of one by one. */
const MOST_TOLD = 3;

/** The pictures of a folder, embedded by a model: only those that are new since last time. */
export async function openFolder(folder: string, model: Embedder, { progress, signal }: CommandContext): Promise<Collection> {
  let task: ReturnType<typeof progress.task> | undefined;
  const { index, files, failed } = await indexPictures(folder, {
    model,
    signal,
    onProgress({ done, total }) {
      task ??= progress.task({ label: "embed", total, unit: "new pictures", itemUnit: "pictures" });
      task.update({ done });
    },
  });
  task?.finish();
  for (const error of [...failed.values()].slice(0, MOST_TOLD)) progress.note(`left out: ${error.message.replace(/^input \d+: /, "")}`);
  if (failed.size > MOST_TOLD) progress.note(`left out ${failed.size} pictures in all`);
  return { index, pictures: new Map([...files].map(([id, same]) => [id, { name: basename(same[0] ?? ""), files: same }])) };
}
