import { bindInputs } from "../../../engine/graph/bind-inputs.ts";
import { countFlops } from "../../../eval/benchmark/count-flops.ts";
import type { MmebItem } from "../../../eval/mmeb/mmeb-item.ts";
import { toModelInput, type InputOptions } from "../../../eval/mmeb/model-embedder.ts";
import type { EmbeddingFlops } from "../../../eval/mmeb/report/mmeb-report.ts";
import { openModelFolder, type ModelFolder } from "../../../model/folder/open-model-folder.ts";
import { isChat } from "../../../inputs/embedding-input.ts";
import { embeddingGraph } from "../../../model/multimodal/model.ts";
import { modelInputs } from "../../../model/multimodal/model-inputs.ts";
import { visionModeOf } from "../../../model/multimodal/token-batch.ts";
import type { PathConfig } from "../../../model/paths/path-config.ts";
import { selectPaths } from "../../../model/paths/select-paths.ts";
import { sampleItems, type ItemSample } from "./sample-items.ts";

/** What is counted. */
export interface FlopsSample extends ItemSample {
  readonly inputs: InputOptions;
}

/**
 * The floating point operations of embedding one input, with one path and with all: the mean over the first query and the first candidate of each
 * dataset, matrix products only. @throws as reading the model and the data.
 */
export async function embeddingFlops(model: string, sample: FlopsSample): Promise<EmbeddingFlops> {
  const folder = await openModelFolder(model, {});
  try {
    const items = await sampleItems(sample);
    const single = selectPaths(folder.polyvec.paths, [0]);
    const sums = { single: 0, all: 0 };
    for (const item of items) {
      sums.single += await flopsOf(item, single, { folder, sample });
      sums.all += await flopsOf(item, folder.polyvec.paths, { folder, sample });
    }
    return { single: sums.single / items.length, all: sums.all / items.length };
  } finally {
    await folder.close();
  }
}

async function flopsOf(
  item: MmebItem,
  paths: PathConfig,
  { folder: { processor, polyvec }, sample }: { readonly folder: ModelFolder; readonly sample: FlopsSample },
): Promise<number> {
  const { image } = item;
  const input = toModelInput({ item, read: image === undefined ? undefined : () => sample.images.read(image) }, sample.inputs);
  if (isChat(input)) return 0;
  const batch = await processor.processBatch([input], polyvec.maxTokens === undefined ? {} : { maxTokens: polyvec.maxTokens });
  const { graph } = embeddingGraph({ backbone: processor.backbone, paths, vision: visionModeOf(batch) });
  const given = modelInputs(processor.backbone, paths, batch);
  const known = [...graph.inputs].filter(([name]) => Object.hasOwn(given, name));
  return countFlops(graph, bindInputs({ inputs: new Map(known) }, given));
}
