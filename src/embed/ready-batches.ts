import type { ModelInput } from "../inputs/embedding-input.ts";
import { throwIfAborted } from "./abort.ts";
import { toPromptInput } from "./chat-input.ts";
import type { EmbedOptions } from "./embed-options.ts";
import type { EmbeddingModel } from "./embedding-model.ts";
import { inputWindows, type Prepared } from "./input-windows.ts";
import type { PicturePreparer } from "./pictures/picture-preparer.ts";
import { prepareInput } from "./prepare-input.ts";
import { batchesOf, processInputs, type ProcessedInputs } from "./process-inputs.ts";

/** Batches that are made ready together, so that inputs of like size find each other. */
const BATCHES_PER_WINDOW = 4;

/** How batches are made ready. */
export interface ReadyOptions extends Pick<EmbedOptions, "signal"> {
  readonly batchSize: number;
  readonly pictures: PicturePreparer;
}

/** A batch that is ready to run; or all batches of a window were given. */
export type ReadyStep =
  | { readonly kind: "batch"; readonly ready: ProcessedInputs; readonly count: number }
  | { readonly kind: "end"; readonly window: readonly Prepared<unknown>[] };

/** Makes batches ready, each when it is asked for; the inputs of those behind it are decoded meanwhile. @throws {AbortedError} when `signal` fires. */
export async function* readyBatches(
  model: EmbeddingModel,
  inputs: Iterable<ModelInput> | AsyncIterable<ModelInput>,
  { batchSize, pictures, signal }: ReadyOptions,
): AsyncGenerator<ReadyStep, void, undefined> {
  const { images } = model.processor;
  const windows = inputWindows(inputs, {
    prepare: async (input, index, unwanted) =>
      prepareInput(await toPromptInput(input, index, model), index, { images, pictures, signal: unwanted }),
    bytesOf: ({ bytes }) => bytes,
    size: batchSize * BATCHES_PER_WINDOW,
    signal,
  });
  for await (const window of windows) {
    for (const batch of batchesOf(window, batchSize)) {
      throwIfAborted(signal);
      yield { kind: "batch", ready: await processInputs(model, batch), count: batch.length };
    }
    yield { kind: "end", window };
  }
}
