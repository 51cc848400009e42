import type { EmbeddingInput } from "../../src/inputs/embedding-input.ts";
import { compare, measure, type BenchCase, type MeasureOptions } from "../harness.ts";
import type { SuiteSection } from "../suite.ts";
import type { TimedModel } from "./timed-models.ts";
import { BASELINE } from "./variants.ts";

/** What is embedded, and what it may cost. */
export interface EmbeddingSectionOptions {
  readonly title: string;
  /** One batch. */
  readonly inputs: readonly EmbeddingInput[];
  /** The highest ratios to the baseline that are good enough, by name of the variant. */
  readonly bars: Readonly<Record<string, number>>;
  readonly measure: MeasureOptions;
}

const PREPARING = "inputs made ready, no model";

/** Milliseconds per input of every model for the same batch, with what they compute beside. */
export async function embeddingSection(models: readonly TimedModel[], options: EmbeddingSectionOptions): Promise<SuiteSection> {
  const { title, inputs, bars } = options;
  const cases = models.map((model): BenchCase => ({ name: model.name, run: () => model.embed(inputs, inputs.length) }));
  const measurements = await measure([...cases, ...preparing(models, inputs)], options.measure);
  return { title, measurements, comparisons: compare(measurements, BASELINE), bars, facts: await countedWork(models, inputs) };
}

/** Tokens and patches of the same batch without any model: the part of every time above that paths have nothing to do with. */
function preparing([model]: readonly TimedModel[], inputs: readonly EmbeddingInput[]): BenchCase[] {
  if (model === undefined) return [];
  const run = async (): Promise<number> => {
    const start = performance.now();
    await model.processor.processBatch(inputs);
    return (performance.now() - start) / inputs.length;
  };
  return [{ name: PREPARING, run }];
}

/** MFLOP per input: the ratio that is left when nothing but matrix products takes time, the same on every machine. */
async function countedWork(models: readonly TimedModel[], inputs: readonly EmbeddingInput[]): Promise<Record<string, string>> {
  const counted = await Promise.all(models.map(async (model) => ({ name: model.name, flops: await model.flopsPerInput(inputs) })));
  const baseline = counted.find(({ name }) => name === BASELINE)?.flops ?? Number.NaN;
  const parts = counted.map(({ name, flops }) => `${name} ${(flops / 1e6).toFixed(1)} (${(flops / baseline).toFixed(2)})`);
  return { "MFLOP per input (ratio)": parts.join(", ") };
}
