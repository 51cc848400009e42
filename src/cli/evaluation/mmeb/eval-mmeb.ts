import { findModel } from "../../../embed/load-model.ts";
import { AbortedError } from "../../../errors/families.ts";
import { PolyvecError } from "../../../errors/polyvec-error.ts";
import { openImageStore } from "../../../data/image-store/image-store.ts";
import { withPictures } from "../../../eval/cases/case-pictures.ts";
import { withoutPictures, type CaseGallery } from "../../../eval/cases/query-case.ts";
import type { DatasetResult } from "../../../eval/mmeb/dataset-result.ts";
import { buildMmebReport, type EmbeddingFlops } from "../../../eval/mmeb/report/mmeb-report.ts";
import { writeMmebReport } from "../../../eval/mmeb/report/write-mmeb-report.ts";
import { runMmeb, runMmebShard, type MmebRun, type MmebRunOptions } from "../../../eval/mmeb/run-mmeb.ts";
import type { MmebImages } from "../../../eval/mmeb/visit-datasets.ts";
import type { CommandContext } from "../../command-module.ts";
import { embeddingFlops } from "./embedding-flops.ts";
import { defaultCache, requireFolders, type MmebOptions } from "./mmeb-options.ts";
import { openEmbedder, type OpenEmbedder } from "./open-embedder.ts";
import { showDatasets } from "./show-datasets.ts";
import { printMmeb } from "./print-mmeb.ts";

/** Scores a model, or a module that embeds, on MMEB; with `--shard` it only embeds its part. */
export async function evalMmeb(model: string | undefined, options: MmebOptions, context: CommandContext): Promise<void> {
  const folders = requireFolders(options);
  await using opened = await openEmbedder(model, options, context);
  await using images = await openImageStore(folders.images);
  const shown = showDatasets(context);
  const { datasets, subset, seed, missingImages, out, cache = defaultCache(), rehashImages: rehash, shard } = options;
  const run: MmebRunOptions = { data: folders.data, images, datasets, subset, seed, missingImages, out, cache, rehash, signal: context.signal, onProgress: shown.onProgress }; // prettier-ignore
  const stopped = (error: unknown): never => {
    throw opened.embedder.identity === undefined ? error : withWayOn(error, cache);
  };
  if (shard !== undefined) {
    const counts = await runMmebShard(opened.embedder, shard, run).catch(stopped).finally(shown.finish);
    const name = `${shard.index}/${shard.count}`;
    if (context.json) return await context.out.json({ shard: name, ...counts, cache });
    return await context.out.line(`shard ${name}: ${counts.computed} embeddings computed, ${counts.cached} were there; all in ${cache}`);
  }
  const done = await runMmeb(opened.embedder, run).catch(stopped).finally(shown.finish);
  await report(done, { opened, options, run }, context);
}

/** An interruption, with what it leaves and how to go on. */
function withWayOn(error: unknown, cache: string): unknown {
  if (!PolyvecError.isInstance(error) || error.code !== "aborted") return error;
  const message = `${error.message}; embeddings that were computed are kept in ${cache}; the same command goes on`;
  return new AbortedError({ message, details: error.details, cause: error });
}

interface ReportContext {
  readonly opened: OpenEmbedder;
  readonly options: MmebOptions;
  readonly run: MmebRunOptions;
}

async function report(done: MmebRun, { opened, options, run }: ReportContext, context: CommandContext): Promise<void> {
  const { name } = opened.embedder;
  const flops = await flopsOf(done, { opened, options, run });
  const made = buildMmebReport({
    name,
    results: done.results,
    createdAt: new Date(),
    facts: factsOf(done, opened, options),
    embeddingFlops: flops,
    cases: await mmebGallery(done.results, run.images),
  });
  const files = options.out === undefined ? undefined : await writeMmebReport(options.out, made);
  if (context.json)
    return context.out.json({
      report: { ...made, cases: withoutPictures(made.cases) },
      counts: done.counts,
      reused: done.reused,
      files: files ?? null,
    });
  await context.out.line(printMmeb(made));
  if (files !== undefined)
    await context.out.line(`\nThe report: ${files.html}\nAs Markdown: ${files.markdown}\nThe same for programs: ${files.json}`);
}

/** The cases of the results that have some, with their pictures. */
async function mmebGallery(results: readonly DatasetResult[], images: MmebImages): Promise<CaseGallery> {
  const tasks = results.flatMap(({ dataset, cases }) => (cases === undefined ? [] : [{ task: dataset, cases }]));
  return withPictures(tasks, (image) => images.read(image));
}

async function flopsOf({ results }: MmebRun, { opened, options, run }: ReportContext): Promise<EmbeddingFlops | undefined> {
  if (opened.model === undefined) return undefined;
  const datasets = results.map(({ dataset }) => dataset);
  return embeddingFlops(await findModel(opened.model), {
    data: run.data,
    datasets,
    images: run.images,
    inputs: { style: options.prompts, resolution: options.resolution },
  });
}

function factsOf(
  { counts, reused }: MmebRun,
  { embedder }: OpenEmbedder,
  { prompts, subset, missingImages, resolution }: MmebOptions,
): { label: string; value: string }[] {
  const styles = { reference: "by the reference's rules", model: "the model's own template", everything: "the module's own" };
  return [
    { label: embedder.style === "everything" ? "Module" : "Model", value: embedder.name },
    { label: "Prompts", value: styles[embedder.style === "everything" ? embedder.style : prompts] },
    ...(embedder.style === "everything" ? [] : [{ label: "Resolution", value: resolution }]),
    { label: "Rows", value: subset === undefined ? "all" : `the first ${subset} of each dataset` },
    { label: "Missing images", value: missingImages === "omit" ? "left out" : "none" },
    {
      label: "Embeddings",
      value: `${counts.computed} computed, ${counts.cached} from the cache${counts.damaged > 0 ? `, ${counts.damaged} damaged ones made anew` : ""}`,
    },
    ...(reused.length === 0 ? [] : [{ label: "Results from an earlier run", value: reused.join(", ") }]),
  ];
}
