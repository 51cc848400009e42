import { MMEB_DATASETS } from "../../data/mmeb/datasets.ts";
import { DataError, FileError } from "../../errors/families.ts";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import type { CacheCounts } from "../embedding-cache/embedding-cache.ts";
import { isUnder, readDatasetResult, resultFile, writeDatasetResult, type DatasetResult } from "./dataset-result.ts";
import type { EmbedCounts } from "./embed-items.ts";
import type { ItemEmbedder } from "./item-embedder.ts";
import { embedShard, runDataset, type DatasetSource } from "./run-dataset.ts";
import type { Shard } from "./shard.ts";
import { visitDatasets, type DatasetVisitOptions } from "./visit-datasets.ts";

/** What is run. */
export interface MmebRunOptions extends DatasetVisitOptions {
  /** Where results are kept, and found again; nowhere if not given. */
  readonly out?: string | undefined;
}

/** How one model did on MMEB. */
export interface MmebRun {
  /** In MMEB's order. */
  readonly results: readonly DatasetResult[];
  /** Datasets of MMEB whose files are not there, or that were not asked for. */
  readonly absent: readonly string[];
  /** Datasets whose results were there from a run before. */
  readonly reused: readonly string[];
  readonly counts: EmbedCounts & Pick<CacheCounts, "damaged">;
}

/**
 * Scores a model on MMEB: dataset by dataset, each result written when it is there, so that a run that was stopped goes on where it was. Embeddings
 * are shared by content within a dataset, between datasets and with earlier runs of the same model.
 * @throws {DataError} if no dataset is there, an asked-for one is not, or a row cannot be used. @throws {AbortedError} when the signal fires.
 */
export async function runMmeb(embedder: ItemEmbedder, options: MmebRunOptions): Promise<MmebRun> {
  const state = new RunState();
  const { damaged } = await visitDatasets(embedder, options, async ({ source, context }) => {
    const known = await earlierResult(source, options.out);
    if (known !== undefined) return state.reuse(known);
    const { result, counts } = await runDataset(source, context);
    if (options.out !== undefined) await writeDatasetResult(options.out, result);
    state.add(result, counts);
  });
  return state.finish(damaged);
}

/**
 * Computes a shard's part of all embeddings into the cache. When every shard is done, {@link runMmeb} with the same cache scores without computing.
 * @throws {DataError} also for an embedder whose embeddings cannot be kept.
 */
export async function runMmebShard(embedder: ItemEmbedder, shard: Shard, options: MmebRunOptions): Promise<EmbedCounts> {
  if (embedder.identity === undefined) {
    const message = `${embedder.name} has no identity, so its embeddings cannot be kept for another process; let the module export a string \`identity\``;
    throw new DataError({ message, details: { embedder: embedder.name } });
  }
  let [computed, cached] = [0, 0];
  await visitDatasets(embedder, options, async ({ source, context }) => {
    const counts = await embedShard(source, shard, context);
    computed += counts.computed;
    cached += counts.cached;
  });
  return { computed, cached };
}

/** A result of an earlier run under the same conditions; what is damaged or was made otherwise is computed anew. */
async function earlierResult({ dataset, conditions }: DatasetSource, out: string | undefined): Promise<DatasetResult | undefined> {
  if (out === undefined) return undefined;
  try {
    const result = await readDatasetResult(resultFile(out, dataset.name));
    return isUnder(result, conditions) ? result : undefined;
  } catch (error) {
    if (PolyvecError.isInstance(error) && (!(error instanceof FileError) || error.details["errno"] === "ENOENT")) return undefined;
    throw error;
  }
}

class RunState {
  readonly #results: DatasetResult[] = [];
  readonly #reused: string[] = [];
  #computed = 0;
  #cached = 0;

  add(result: DatasetResult, { computed, cached }: EmbedCounts): void {
    this.#results.push(result);
    this.#computed += computed;
    this.#cached += cached;
  }

  reuse(result: DatasetResult): void {
    this.#results.push(result);
    this.#reused.push(result.dataset);
  }

  finish(damaged: number): MmebRun {
    const there = new Set(this.#results.map(({ dataset }) => dataset));
    return {
      results: this.#results,
      absent: MMEB_DATASETS.flatMap(({ name }) => (there.has(name) ? [] : [name])),
      reused: this.#reused,
      counts: { computed: this.#computed, cached: this.#cached, damaged },
    };
  }
}
