import { resolve } from "node:path";
import { loadModel } from "../../../embed/load-model.ts";
import type { ItemEmbedder } from "../../../eval/mmeb/item-embedder.ts";
import { modelEmbedder } from "../../../eval/mmeb/model-embedder.ts";
import { loadEmbedderModule } from "../../../eval/mmeb/module-embedder.ts";
import type { CommandContext } from "../../command-module.ts";
import { showDownload } from "../../terminal/show-download.ts";
import { UsageError } from "../../usage-error.ts";
import type { MmebOptions } from "./mmeb-options.ts";

/** An embedder that is open. */
export interface OpenEmbedder extends AsyncDisposable {
  readonly embedder: ItemEmbedder;
  /** undefined for a module. */
  readonly model: string | undefined;
}

/** Which embedder is opened, and how. */
type EmbedderChoice = Pick<MmebOptions, "embedder" | "threads" | "prompts" | "resolution" | "batchSize">;

/** Opens the model, or the module of `--embedder`. @throws {UsageError} if both are named. */
export async function openEmbedder(model: string | undefined, options: EmbedderChoice, context: CommandContext): Promise<OpenEmbedder> {
  const { embedder: module, threads, prompts, resolution, batchSize } = options;
  if (module !== undefined && model !== undefined) {
    const message = `both a model (${model}) and --embedder ${module} are named; give one of them`;
    throw new UsageError({ message, details: { argument: "--embedder" } });
  }
  if (module !== undefined)
    return { embedder: await loadEmbedderModule(resolve(module)), model: undefined, [Symbol.asyncDispose]: async () => undefined };
  const loaded = await loadModel(model, { ...showDownload(context), ...(threads !== undefined && { threads }) });
  const embedder = await modelEmbedder(loaded, { style: prompts, resolution, batchSize });
  return { embedder, model: loaded.name, [Symbol.asyncDispose]: () => loaded.dispose() };
}
