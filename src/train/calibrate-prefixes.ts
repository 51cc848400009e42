import { pathCosine } from "../embed/diversity/path-cosine.ts";
import { pairMean } from "../embed/diversity/path-matrix.ts";
import type { PathVectors } from "../embed/embedding-set.ts";
import { present } from "../errors/families.ts";
import type { PromptInput } from "../inputs/embedding-input.ts";
import { isPrefix } from "../model/paths/path-config.ts";
import type { BatchSource } from "./batch-source.ts";
import { WeightEmbedder } from "./embed-with-weights.ts";
import type { RecipePaths } from "./recipe/recipe-types.ts";
import type { TrainableModel } from "./trainable-model.ts";

/** What calibration aims at. */
export interface CalibrationOptions {
  /** Mean cosine between the paths' embeddings, in (0, 1). */
  readonly targetCosine: number;
  readonly source: BatchSource;
  readonly threads?: number | undefined;
}

/** The scale that was found. */
export interface Calibration {
  /** Standard deviation of the initial prefixes. */
  readonly scale: number;
  /** Mean cosine between paths that it gives. */
  readonly cosine: number;
}

/** Whether a recipe's prefixes have a scale that is to be searched for: there must be several paths that have any. */
export function needsCalibration({ count, prefixLength, prefixScale }: RecipePaths): boolean {
  return count > 1 && prefixLength > 0 && prefixScale === "calibrated";
}

/** Inputs looked at, scales tried in between, and at most how many times the search halves its interval. */
const INPUTS = 32;
const SCALES: readonly [number, number] = [0.05, 32];
const HALVINGS = 9;

/**
 * Scales the fresh prefixes, in place, so that the paths start as far apart as asked: paths that start equal stay equal, and prefixes that are too
 * large destroy what the base has learnt (ours). Bisection on the logarithm of the scale over one batch of queries.
 * The prefixes given must have standard deviation 1.
 */
export async function calibratePrefixes(model: TrainableModel, options: CalibrationOptions): Promise<Calibration> {
  const prefixes = [...model.weights].filter(([name]) => isPrefix(name));
  const units = new Map(prefixes.map(([name, { data }]) => [name, data.slice()]));
  const queries = await someQueries(options.source);
  await using embedder = new WeightEmbedder(model, { threads: options.threads });
  const tryScale = async (scale: number): Promise<number> => {
    for (const [name, { data }] of prefixes) data.set(present(units.get(name), name).map((value) => value * scale));
    return meanPathCosine(await embedder.embed(queries));
  };
  let [low, high] = SCALES.map(Math.log) as [number, number];
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2;
    if ((await tryScale(Math.exp(middle))) > options.targetCosine) low = middle;
    else high = middle;
  }
  const scale = Math.exp((low + high) / 2);
  return { scale, cosine: await tryScale(scale) };
}

/** Mean over inputs and pairs of different paths. */
function meanPathCosine(set: PathVectors): number {
  return present(pairMean(pathCosine(set)), "a cosine between two paths");
}

async function someQueries(source: BatchSource): Promise<readonly PromptInput[]> {
  const batch = await source.batch(0);
  const inputs = batch.kind === "contrastive" ? batch.queries : batch.examples.map(({ input }) => input);
  return inputs.slice(0, INPUTS);
}
