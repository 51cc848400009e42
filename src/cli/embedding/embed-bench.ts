import { openImageStore } from "../../data/image-store/image-store.ts";
import type { ReferenceVectors } from "../../eval/mmeb/reference/vector-rows.ts";
import { writeReferenceEmbeddings, type ReferenceEmbeddings } from "../../eval/mmeb/reference/write-reference.ts";
import type { CommandContext } from "../command-module.ts";
import { defaultCache } from "../evaluation/mmeb/mmeb-options.ts";
import { openEmbedder } from "../evaluation/mmeb/open-embedder.ts";
import { showDatasets } from "../evaluation/mmeb/show-datasets.ts";
import { formatCount } from "../inspection/format-numbers.ts";
import { formatTable } from "../terminal/table.ts";
import type { BenchOptions } from "./bench-options.ts";

/** Writes a benchmark's embeddings for the reference's runner and says what they are. */
export async function embedBench(data: string, options: BenchOptions, context: CommandContext): Promise<void> {
  const { model, images: imagesPath = "", output, datasets, subset, cache = defaultCache(), missingImages = "error" } = options;
  const { prompts = "reference", resolution = "native", embedder, threads, batchSize } = options;
  await using opened = await openEmbedder(model, { prompts, resolution, embedder, threads, batchSize }, context);
  await using images = await openImageStore(imagesPath);
  const shown = showDatasets(context);
  const written = await writeReferenceEmbeddings(opened.embedder, {
    data,
    images,
    datasets,
    subset,
    missingImages,
    cache,
    out: output,
    vectors: vectorsOf(options),
    signal: context.signal,
    onProgress: shown.onProgress,
  }).finally(shown.finish);
  await (context.json ? context.out.json({ output, ...written }) : context.out.line(printed(written, output)));
}

/** One vector stands for an input in the reference: the aggregate if nothing else is asked for. */
function vectorsOf({ paths = "aggregate", path = 0 }: BenchOptions): ReferenceVectors {
  return paths === "all" ? "all" : paths === "single" ? `path ${path}` : "aggregate";
}

function printed({ datasets, reused, counts }: ReferenceEmbeddings, output: string): string {
  const right = "right" as const;
  const table = formatTable(
    [
      { title: "Dataset" },
      { title: "runner" },
      { title: "queries", align: right },
      { title: "candidates", align: right },
      { title: "numbers each", align: right },
      { title: "without embedding", align: right },
      { title: "namesakes", align: right },
    ],
    datasets.map((each) => [
      each.dataset,
      each.runner,
      formatCount(each.queries),
      formatCount(each.candidates),
      each.dimensions,
      each.withoutEmbedding,
      each.namesakes,
    ]),
  );
  const vectors = [...new Set(datasets.map((each) => each.vectors))].join(", ");
  return [
    table,
    `Vectors: ${vectors}. ${counts.computed} computed, ${counts.cached} from the cache${reused.length === 0 ? "" : `; files that were there: ${reused.join(", ")}`}.`,
    ...(datasets.some(({ namesakes }) => namesakes > 0)
      ? ["Namesakes: candidates that the reference takes for the first of their name, so that its score may differ from polyvec eval's."]
      : []),
    `The reference scores them with: python eval.py --encode_output_path ${output} ...`,
  ].join("\n\n");
}
