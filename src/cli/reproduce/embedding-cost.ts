import { DistinctInputs } from "../../eval/benchmark/distinct-inputs.ts";
import { evenlySpaced } from "../../eval/evenly-spaced.ts";
import type { RecipePaths } from "../../train/recipe/recipe-types.ts";
import { graphKey, timeModels, type EmbeddingMs } from "../runs/time-models.ts";
import type { ReproduceContext } from "./reproduce-context.ts";

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
  const { preset, testTasks } = context;
  const firsts = new Map<string, string>();
  for (const { paths, folder } of models) if (!firsts.has(graphKey(paths))) firsts.set(graphKey(paths), folder);
  const all = new DistinctInputs(testTasks).inputs;
  const inputs = evenlySpaced(all.length, preset.timing.inputs).flatMap((place) => all[place] ?? []);
  const times = await timeModels(firsts, { label: "time embedding", inputs, rounds: preset.timing.rounds }, context);
  return new Map(models.flatMap(({ name, paths }) => {
    const found = times.get(graphKey(paths));
    return found === undefined ? [] : [[name, found] as const];
  })); // prettier-ignore
}
