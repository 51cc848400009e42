import { loadModel } from "../../embed/load-model.ts";
import type { Embedder } from "../../embed/embedder.ts";
import { AbortedError } from "../../errors/families.ts";
import { timeInterleaved } from "../../eval/benchmark/time-interleaved.ts";
import type { EmbeddingView, ModelCost } from "../../eval/report/report-types.ts";
import type { ModelInput } from "../../inputs/embedding-input.ts";
import type { RecipePaths } from "../../train/recipe/recipe-types.ts";
import { threadsOf, type ModelRunContext } from "./run-context.ts";

/** Milliseconds per input of one model, by what is asked for. */
export type EmbeddingMs = ModelCost["embeddingMs"];

/** What is embedded, and how often. */
export interface TimedWork {
  readonly label: string;
  readonly inputs: readonly ModelInput[];
  readonly rounds: number;
}

/** The same for models that differ only in what they were trained with. */
export function graphKey({ count, prefixLength, topology, aggregation }: RecipePaths): string {
  return JSON.stringify([count, prefixLength, topology, count === 1 ? "mean" : aggregation]);
}

/**
 * Times the embedding of the same inputs by several models, in turn: a single path, the aggregate and all paths of each.
 * @param folders of the models, by the name the result has them by. @throws {AbortedError} when the context's signal fires.
 */
export async function timeModels(
  folders: ReadonlyMap<string, string>,
  { label, inputs, rounds }: TimedWork,
  context: ModelRunContext,
): Promise<Map<string, EmbeddingMs>> {
  const { signal, progress } = context;
  const models = new Map<string, Embedder>();
  try {
    for (const [name, folder] of folders) models.set(name, await loadModel(folder, threadsOf(context)));
    const variants = [...models].flatMap(([name, model]) =>
      viewsOf(model).map((view) => ({ name: { model: name, view }, run: () => model.embedSet(inputs, { paths: view }) })),
    );
    const task = progress.task({ label, total: variants.length * (1 + rounds), unit: "runs", itemUnit: "runs" });
    let done = 0;
    const onRun = (): void => {
      if (signal.aborted) throw new AbortedError({ message: "the timing was stopped", cause: signal.reason });
      task.update({ done: ++done });
    };
    const times = await timeInterleaved(variants, { rounds, onRun }).finally(() => task.finish());
    return new Map([...models.keys()].map((name) => [name, costsOf(name, times, inputs.length)]));
  } finally {
    for (const model of models.values()) await model.dispose();
  }
}

/** What is timed of a model: a single-path model does the same whatever is asked for. */
function viewsOf({ pathCount }: Embedder): readonly EmbeddingView[] {
  return pathCount === 1 ? ["aggregate"] : ["single", "aggregate", "all"];
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
