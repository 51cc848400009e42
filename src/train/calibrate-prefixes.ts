import { GraphSession } from "../engine/runtime/graph-session.ts";
import { expectFloat, type FloatTensor } from "../engine/tensor/tensor.ts";
import { present } from "../errors/families.ts";
import { embeddingGraph } from "../model/backbones/qwen2-vl/model.ts";
import { modelInputs, visionModeOf, type TokenBatch } from "../model/backbones/qwen2-vl/model-inputs.ts";
import type { BatchSource } from "./batch-source.ts";
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
  const prefixes = [...model.weights].filter(([name]) => name.includes(".prefix_"));
  const units = new Map(prefixes.map(([name, { data }]) => [name, data.slice()]));
  await using probe = await CosineProbe.create(model, options);
  const tryScale = async (scale: number): Promise<number> => {
    for (const [name, { data }] of prefixes) data.set(present(units.get(name), name).map((value) => value * scale));
    return probe.meanCosine();
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

/** Embeds the same inputs again and again and measures how alike the paths are. */
class CosineProbe {
  readonly #model: TrainableModel;
  readonly #session: GraphSession;
  readonly #batch: TokenBatch;

  private constructor(model: TrainableModel, session: GraphSession, batch: TokenBatch) {
    this.#model = model;
    this.#session = session;
    this.#batch = batch;
  }

  static async create(model: TrainableModel, { source, threads }: CalibrationOptions): Promise<CosineProbe> {
    const batch = await model.processor.embeddingBatch(await someQueries(source));
    const { graph } = embeddingGraph({ config: model.config, paths: model.paths, lora: model.lora, vision: visionModeOf(batch) });
    return new CosineProbe(model, await GraphSession.create(graph, threads === undefined ? {} : { threads }), batch);
  }

  async meanCosine(): Promise<number> {
    const { config, paths, weights } = this.#model;
    const outputs = await this.#session.run({ ...modelInputs(config, paths, this.#batch), ...Object.fromEntries(weights) });
    return meanPathCosine(expectFloat(present(outputs["paths"], "paths")));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.dispose();
  }
}

/** Mean cosine over inputs and pairs of different paths. @param embeddings [B, N, D], unit rows. */
export function meanPathCosine({ data, shape }: FloatTensor): number {
  const [batch, count, width] = shape as [number, number, number];
  let sum = 0;
  for (let row = 0; row < batch; row++) {
    const total = new Float64Array(width);
    for (let at = 0; at < count * width; at++)
      total[at % width] = (total[at % width] as number) + (data[row * count * width + at] as number);
    sum += total.reduce((power, value) => power + value * value, 0) - count; // |Σ e|² = N + Σ_{i≠j} <e_i, e_j>
  }
  return sum / (batch * count * (count - 1));
}

async function someQueries(source: BatchSource): Promise<readonly Parameters<TrainableModel["processor"]["embeddingBatch"]>[0][number][]> {
  const batch = await source.batch(0);
  const inputs = batch.kind === "contrastive" ? batch.queries : batch.examples.map(({ input }) => input);
  return inputs.slice(0, INPUTS);
}
