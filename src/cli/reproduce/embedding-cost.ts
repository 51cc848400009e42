import { loadModel } from "../../embed/load-model.ts";
import type { Embedder } from "../../embed/embedder.ts";
import { AbortedError } from "../../errors/families.ts";
import { DistinctInputs } from "../../eval/benchmark/distinct-inputs.ts";
import { timeInterleaved } from "../../eval/benchmark/time-interleaved.ts";
import { evenlySpaced } from "../../eval/evenly-spaced.ts";
import type { EmbeddingView, ModelCost } from "../../eval/report/report-types.ts";
import type { RecipePaths } from "../../train/recipe/recipe-types.ts";
import { threadsOf } from "./evaluate-run.ts";
import type { ReproduceContext } from "./reproduce-context.ts";

/** Milliseconds per input of one model, by what is asked for. */
type EmbeddingMs = ModelCost["embeddingMs"];

/** What is timed of a model: a single-path model does the same whatever is asked for. */
function viewsOf({ pathCount }: Embedder): readonly EmbeddingView[] {
  return pathCount === 1 ? ["aggregate"] : ["single", "aggregate", "all"];
}

/** A model whose time is taken. */
export interface TimedModel {
  /** What the result has it by. */
  readonly name: string;
  readonly folder: string;
  readonly paths: RecipePaths;
}

/**
 * Times the embedding of the same test inputs (texts, drawings and canvases as they come) by several models, in turn: a single path, the aggregate and
 * all paths of each. Of models that run the same graph only the first is timed.
 * @throws {AbortedError} when the context's signal fires.
 */
export async function timeEmbedding(models: readonly TimedModel[], context: ReproduceContext): Promise<Map<string, EmbeddingMs>> {
  const firsts = new Map<string, TimedModel>();
  for (const model of models) if (!firsts.has(graphKey(model))) firsts.set(graphKey(model), model);
  const folders = new Map([...firsts].map(([key, { folder }]) => [key, folder]));
  const times = await timeModels(folders, context);
  return new Map(models.flatMap((model) => {
    const found = times.get(graphKey(model));
    return found === undefined ? [] : [[model.name, found] as const];
  })); // prettier-ignore
}

/** The same for models that differ only in what they were trained with. */
function graphKey({ paths: { count, prefixLength, topology, aggregation } }: TimedModel): string {
  return JSON.stringify([count, prefixLength, topology, count === 1 ? "mean" : aggregation]);
}

async function timeModels(folders: ReadonlyMap<string, string>, context: ReproduceContext): Promise<Map<string, EmbeddingMs>> {
  const { preset, testTasks, signal, progress } = context;
  const all = new DistinctInputs(testTasks).inputs;
  const inputs = evenlySpaced(all.length, preset.timing.inputs).flatMap((place) => all[place] ?? []);
  const models = new Map<string, Embedder>();
  try {
    for (const [name, folder] of folders) models.set(name, await loadModel(folder, threadsOf(context)));
    const variants = [...models].flatMap(([name, model]) =>
      viewsOf(model).map((view) => ({ name: { model: name, view }, run: () => model.embedSet(inputs, { paths: view }) })),
    );
    const task = progress.task({
      label: "time embedding",
      total: variants.length * (1 + preset.timing.rounds),
      unit: "runs",
      itemUnit: "runs",
    });
    let done = 0;
    const onRun = (): void => {
      if (signal.aborted) throw new AbortedError({ message: "the timing was stopped", cause: signal.reason });
      task.update({ done: ++done });
    };
    const times = await timeInterleaved(variants, { rounds: preset.timing.rounds, onRun }).finally(() => task.finish());
    return new Map([...models.keys()].map((name) => [name, costsOf(name, times, inputs.length)]));
  } finally {
    for (const model of models.values()) await model.dispose();
  }
}

function costsOf(
  model: string,
  times: readonly { readonly name: { readonly model: string; readonly view: EmbeddingView }; readonly milliseconds: number }[],
  inputs: number,
): EmbeddingMs {
  const of = (view: EmbeddingView): number | null => {
    const found = times.find(({ name }) => name.model === model && name.view === view) ?? times.find(({ name }) => name.model === model);
    return found === undefined ? null : found.milliseconds / inputs;
  };
  return { single: of("single"), aggregate: of("aggregate"), all: of("all") };
}
