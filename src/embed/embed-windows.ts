import { present } from "../errors/families.ts";
import type { ModelInput } from "../inputs/embedding-input.ts";
import type { ProcessedBatch } from "../model/multimodal/input-processor.ts";
import { throwIfAborted } from "./abort.ts";
import { aheadByOne } from "./ahead-by-one.ts";
import type { EmbedOptions } from "./embed-options.ts";
import type { EmbeddingModel } from "./embedding-model.ts";
import type { ProcessedInputs } from "./process-inputs.ts";
import { ProgressCounter } from "./progress-counter.ts";
import { readyBatches, type ReadyOptions } from "./ready-batches.ts";

/** What became of one input: what was asked for, or why there is none. */
export type Outcome<Value> =
  | { readonly index: number; readonly value: Value; readonly error?: undefined }
  | { readonly index: number; readonly value?: undefined; readonly error: Error };

/** How inputs run through a model. */
export interface WindowRun<Value> extends ReadyOptions, Pick<EmbedOptions, "onProgress"> {
  /** Gives what was asked for of each input of a batch. */
  readonly runBatch: (batch: ProcessedBatch) => Promise<readonly Value[]>;
}

/**
 * Runs a list or stream of inputs through a model, batch by batch; one that cannot be used does not stop the others. While a batch runs, the next is turned
 * into tokens and patches, and the inputs of those behind it are decoded.
 * @returns outcomes in the order of the inputs. @throws {AbortedError} when `signal` fires; and whatever `runBatch` throws.
 */
export async function* embedWindows<Value>(
  model: EmbeddingModel,
  inputs: Iterable<ModelInput> | AsyncIterable<ModelInput>,
  run: WindowRun<Value>,
): AsyncGenerator<Outcome<Value>, void, undefined> {
  const { signal } = run;
  const progress = new ProgressCounter(Array.isArray(inputs) ? inputs.length : undefined, run.onProgress);
  const outcomes = new Map<number, Outcome<Value>>();
  for await (const step of aheadByOne(readyBatches(model, inputs, run))) {
    throwIfAborted(signal);
    if (step.kind === "batch") {
      const truncated = await runReady(step.ready, { run, outcomes });
      progress.add(step.count, truncated);
      continue;
    }
    const { window } = step;
    for (const { index, error } of window) yield error === undefined ? present(outcomes.get(index), `input ${index}`) : { index, error };
    progress.add(window.filter(({ error }) => error !== undefined).length, 0);
    outcomes.clear();
  }
}

interface RunOptions<Value> {
  readonly run: WindowRun<Value>;
  readonly outcomes: Map<number, Outcome<Value>>;
}

/** Runs one batch and puts its outcomes into `outcomes`. @returns how many texts were cut. */
async function runReady<Value>({ batch, kept, failed }: ProcessedInputs, { run, outcomes }: RunOptions<Value>): Promise<number> {
  for (const { index, error } of failed) outcomes.set(index, { index, error });
  if (batch === undefined) return 0;
  const values = await run.runBatch(batch);
  kept.forEach(({ index }, row) => outcomes.set(index, { index, value: present(values[row], `input ${index}`) }));
  return batch.truncatedCount;
}
