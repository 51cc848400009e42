import type { Embedder } from "../../embed/embedder.ts";
import { loadModel } from "../../embed/load-model.ts";
import type { CommandContext } from "../command-module.ts";
import { showDownload } from "../terminal/show-download.ts";

/** Loads the model that a command names, and shows how it is fetched. @throws as `loadModel`. */
export async function openModel(
  name: string | undefined,
  { threads }: { readonly threads?: number | undefined },
  context: CommandContext,
): Promise<Embedder> {
  return loadModel(name, { ...showDownload(context), ...(threads !== undefined && { threads }) });
}
