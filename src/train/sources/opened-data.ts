import type { HubOptions } from "../../model/folder/hub/hub-options.ts";
import type { BatchSource } from "../batch-source.ts";

/** What a recipe trains on: its batches, and the texts that a tokenizer made for it learns from. */
export interface OpenedData {
  /** Closes the files of the data, if any stay open; a second call does nothing. */
  readonly dispose?: () => Promise<void>;
  readonly source: BatchSource;
  /** Bytes that it holds in memory all the time, where they are many. */
  readonly heldBytes?: number;
  readonly texts: () => Iterable<string> | AsyncIterable<string>;
  /** What the inputs are told, by what they are for: kept with the model, so that it is asked as it was trained. */
  readonly instructions: Readonly<Record<string, string>>;
}

/** What data is opened with. */
export interface OpenDataOptions extends HubOptions {
  /** Where relative paths of the recipe begin; the folder the process runs in if not given. */
  readonly folder?: string | undefined;
}
