import { present } from "../errors/families.ts";
import type { ModelInput } from "../inputs/embedding-input.ts";
import type { ProcessedBatch } from "../model/multimodal/input-processor.ts";
import { throwIfAborted } from "./abort.ts";
import type { EmbedOptions } from "./embed-options.ts";
import type { EmbeddingModel } from "./embedding-model.ts";
import { inputWindows } from "./input-windows.ts";
import { prepareInput } from "./prepare-input.ts";
import { batchesOf, processInputs, type ReadyInput } from "./process-inputs.ts";
import { ProgressCounter } from "./progress-counter.ts";

/** What became of one input: what was asked for, or why there is none. */
export type Outcome<Value> =
  | { readonly index: number; readonly value: Value; readonly error?: undefined }
  | { readonly index: number; readonly value?: undefined; readonly error: Error };

/** How inputs run through a model. */
export interface WindowRun<Value> extends Pick<EmbedOptions, "signal" | "onProgress"> {
  readonly batchSize: number;
  /** Gives what was asked for of each input of a batch. */
  readonly runBatch: (batch: ProcessedBatch) => Promise<readonly Value[]>;
}

/** Batches that are made ready together, so that inputs of like size find each other. */
const BATCHES_PER_WINDOW = 4;

/**
 * Runs a list or stream of inputs through a model, batch by batch; one that cannot be used does not stop the others.
 * @returns outcomes in the order of the inputs. @throws {AbortedError} when `signal` fires; and whatever `runBatch` throws.
 */
export async function* embedWindows<Value>(
  model: EmbeddingModel,
  inputs: Iterable<ModelInput> | AsyncIterable<ModelInput>,
  run: WindowRun<Value>,
): AsyncGenerator<Outcome<Value>, void, undefined> {
  const { batchSize, signal } = run;
  const progress = new ProgressCounter(Array.isArray(inputs) ? inputs.length : undefined, run.onProgress);
  const windows = inputWindows(inputs, {
    prepare: (input, index) => prepareInput(input, index, model),
    bytesOf: ({ bytes }) => bytes,
    size: batchSize * BATCHES_PER_WINDOW,
    signal,
  });
  for await (const window of windows) {
    const outcomes = new Map<number, Outcome<Value>>();
    for (const batch of batchesOf(window, batchSize)) {
      throwIfAborted(signal);
      const truncated = await runReady(model, batch, { run, outcomes });
      progress.add(batch.length, truncated);
    }
    for (const { index, error } of window) yield error === undefined ? present(outcomes.get(index), `input ${index}`) : { index, error };
    progress.add(window.filter(({ error }) => error !== undefined).length, 0);
  }
}

interface RunOptions<Value> {
  readonly run: WindowRun<Value>;
  readonly outcomes: Map<number, Outcome<Value>>;
}

/** Runs one batch and puts its outcomes into `outcomes`. @returns how many texts were cut. */
async function runReady<Value>(
  model: EmbeddingModel,
  inputs: readonly ReadyInput[],
  { run, outcomes }: RunOptions<Value>,
): Promise<number> {
  const { batch, kept, failed } = await processInputs(model, inputs);
  for (const { index, error } of failed) outcomes.set(index, { index, error });
  if (batch === undefined) return 0;
  const values = await run.runBatch(batch);
  kept.forEach(({ index }, row) => outcomes.set(index, { index, value: present(values[row], `input ${index}`) }));
  return batch.truncatedCount;
}
