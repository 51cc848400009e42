import { createHash } from "node:crypto";
import { join, relative } from "node:path";
import { openImageStore, type ImageStore } from "../../data/image-store/image-store.ts";
import { MMEB_DATASETS } from "../../data/mmeb/datasets.ts";
import { findEvalFiles, hashFiles } from "../../data/mmeb/eval-files.ts";
import { loadModel } from "../../embed/load-model.ts";
import { UsageError } from "../usage-error.ts";
import type { ModelEvaluation } from "../../eval/evaluate.ts";
import { readHits } from "../../eval/evaluation-record.ts";
import { datasetOf, type DatasetResult } from "../../eval/mmeb/dataset-result.ts";
import { modelEmbedder, toModelInput } from "../../eval/mmeb/model-embedder.ts";
import { runMmeb } from "../../eval/mmeb/run-mmeb.ts";
import type { ModelInput } from "../../inputs/embedding-input.ts";
import { RUN_FILES } from "../../train/run/run-files.ts";
import { sampleItems } from "../evaluation/mmeb/sample-items.ts";
import { showDatasets } from "../evaluation/mmeb/show-datasets.ts";
import { rememberedEvaluation } from "../runs/remembered-evaluation.ts";
import { threadsOf, type ModelRunContext } from "../runs/run-context.ts";
import { canonicalJson } from "./json-value.ts";
import type { SweepBenchmark, SweepPart } from "./sweep-benchmark.ts";
import type { MmebSweepEvaluation } from "./sweep-definition.ts";

/** Data in MMEB's layout: choices on one folder, the test on another. @param cache where embeddings are kept. */
export async function mmebSweepBenchmark(
  evaluation: MmebSweepEvaluation,
  context: ModelRunContext & { readonly cache: string },
): Promise<SweepBenchmark> {
  const images = new Map<string, ImageStore>();
  const open = async (path: string): Promise<ImageStore> => {
    const store = images.get(path) ?? (await openImageStore(path));
    images.set(path, store);
    return store;
  };
  const placeOf = (part: SweepPart): { readonly data: string; readonly images: string } => {
    if (part === "validation") return evaluation;
    if (evaluation.test !== undefined) return evaluation.test;
    throw new UsageError({ message: "--test on MMEB needs data that no choice is made on: give --test-data and --test-images" });
  };
  const { prompts, resolution, subset, datasets } = evaluation;
  const names = MMEB_DATASETS.flatMap(({ name }) => (datasets === undefined || datasets.includes(name) ? [name] : []));
  const conditions = new Map<SweepPart, string>();
  const conditionsOf = async (part: SweepPart): Promise<string> => {
    const known = conditions.get(part);
    if (known !== undefined) return known;
    const files = (await Promise.all(names.map((name) => findEvalFiles(placeOf(part).data, name)))).flat();
    const told = canonicalJson([await hashFiles(files), prompts, resolution, subset ?? null, datasets ?? null]);
    const hash = createHash("sha256").update(told).digest("hex").slice(0, 10); // prettier-ignore
    conditions.set(part, hash);
    return hash;
  };
  return {
    facts: [
      {
        label: "Validation",
        value: `${relative(process.cwd(), evaluation.data)}${subset === undefined ? "" : `, the first ${subset} rows of each dataset`}`,
      },
      { label: "Prompts", value: prompts },
    ],
    notices: [
      "Cells are chosen by the data that was given as validation. MMEB's own evaluation sets are a test: a cell chosen on them is no longer tested by them.",
    ],
    async score({ label, folder }, part) {
      const file = join(folder, `evaluation-${part}-${await conditionsOf(part)}.json`);
      return rememberedEvaluation(file, undefined, async () => {
        await using model = await loadModel(join(folder, RUN_FILES.model), threadsOf(context));
        const place = placeOf(part);
        const shown = showDatasets(context, label);
        const run = await runMmeb(await modelEmbedder(model, { style: prompts, resolution }), {
          data: place.data,
          images: await open(place.images),
          datasets,
          subset,
          seed: 0,
          missingImages: "error",
          out: join(folder, part),
          cache: context.cache,
          signal: context.signal,
          onProgress: shown.onProgress,
        }).finally(shown.finish);
        return toEvaluation(run.results);
      });
    },
    async timedInputs() {
      const store = await open(evaluation.images);
      const items = await sampleItems({ data: evaluation.data, datasets: names, images: store });
      const inputs: ModelInput[] = [];
      for (const item of items) {
        const bytes = item.image === undefined ? undefined : await store.read(item.image);
        inputs.push(toModelInput({ item, read: bytes === undefined ? undefined : async () => bytes }, { style: prompts, resolution }));
      }
      return inputs;
    },
    async [Symbol.asyncDispose]() {
      for (const store of images.values()) await store[Symbol.asyncDispose]();
    },
  };
}

/** Results on datasets as an evaluation on tasks, so that they are compared as any other. */
function toEvaluation(results: readonly DatasetResult[]): ModelEvaluation {
  const tasks = results.map((result) => {
    const { name, metaTask, distribution } = datasetOf(result);
    const { candidates, chance, hits } = result;
    const concepts = distribution === "IND" ? ("seen" as const) : ("unseen" as const);
    return { name, family: metaTask, concepts, vendor: "MMEB", candidates, chance, hits: readHits(hits) };
  });
  return { pathCount: results[0]?.pathCount ?? 1, tasks, diversity: null };
}
