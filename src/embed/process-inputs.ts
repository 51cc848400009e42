import { PolyvecError } from "../errors/polyvec-error.ts";
import type { ProcessedBatch } from "../model/multimodal/input-processor.ts";
import type { EmbeddingModel } from "./embedding-model.ts";
import type { Prepared } from "./input-windows.ts";
import { planBatches } from "./plan-batches.ts";
import { nameInput, type PreparedInput } from "./prepare-input.ts";

/** A prepared input with its place among all. */
export interface ReadyInput {
  readonly index: number;
  readonly value: PreparedInput;
}

/** A batch as the model takes it, and what became of its inputs. */
export interface ProcessedInputs {
  /** undefined if no input is left. */
  readonly batch: ProcessedBatch | undefined;
  /** The inputs of the batch, in its order. */
  readonly kept: readonly ReadyInput[];
  readonly failed: readonly { readonly index: number; readonly error: Error }[];
}

/** The inputs of a window that could be prepared, in batches of like size. */
export function batchesOf(window: readonly Prepared<PreparedInput>[], batchSize: number): ReadyInput[][] {
  const ready = window.flatMap(({ index, value }) => (value === undefined ? [] : [{ index, value }]));
  const sizes = ready.map(({ value }) => value.size);
  return planBatches(sizes, batchSize).map((places) => places.map((place) => ready[place] as ReadyInput));
}

/** Turns a batch into tokens and patches; inputs that cannot be are left out. */
export async function processInputs({ processor, polyvec }: EmbeddingModel, inputs: readonly ReadyInput[]): Promise<ProcessedInputs> {
  const { maxTokens } = polyvec;
  const failed: { index: number; error: Error }[] = [];
  let kept = [...inputs];
  while (kept.length > 0) {
    try {
      const batch = await processor.processBatch(
        kept.map(({ value }) => value.input),
        maxTokens === undefined ? {} : { maxTokens },
      );
      return { batch, kept, failed };
    } catch (error) {
      const bad = kept[placeIn(error)];
      if (bad === undefined) throw error;
      failed.push({ index: bad.index, error: nameInput(error, bad.index) });
      kept = kept.filter((input) => input !== bad);
    }
  }
  return { batch: undefined, kept, failed };
}

/** The place in the batch of the input that an error is about; -1 if it is about none. */
function placeIn(error: unknown): number {
  const place = PolyvecError.isInstance(error) ? error.details["input"] : undefined;
  return typeof place === "number" ? place : -1;
}
