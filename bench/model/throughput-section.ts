import { compare, measure, type BenchCase, type MeasureOptions } from "../harness.ts";
import type { SuiteSection } from "../suite.ts";
import { pngInputs } from "./inputs.ts";
import type { TimedModel } from "./timed-models.ts";
import { BASELINE } from "./variants.ts";

/** Files embedded in one go: enough for decoding, batching and running to overlap. */
const FILES = 128;

const TIMED: ReadonlySet<string> = new Set([BASELINE, "shared 4", "parallel 4"]);

/** Pictures per second from encoded files on: decoding, tokens, batches and the model. */
export async function throughputSection(
  models: readonly TimedModel[],
  options: { readonly batchSize: number; readonly measure: MeasureOptions },
): Promise<SuiteSection> {
  const inputs = await pngInputs(FILES);
  const timed = models.filter(({ name }) => TIMED.has(name));
  const cases = timed.map((model): BenchCase => ({ name: model.name, run: () => model.embed(inputs, options.batchSize) }));
  const measurements = await measure(cases, options.measure);
  const speeds = measurements.map(({ name, milliseconds }) => `${name} ${Math.round(1000 / milliseconds.median)}`);
  return {
    title: `${FILES} PNG files, ms per file`,
    measurements,
    comparisons: compare(measurements, BASELINE),
    facts: { "images/s": speeds.join(", ") },
  };
}
