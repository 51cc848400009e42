import type { PairRow } from "./pair-row.ts";

/** Rows of training data in a fixed order, any of them at any time. */
export interface PairDataset extends AsyncDisposable {
  /** `A-OKVQA`. */
  readonly name: string;
  /** Where it lies, for messages: files, in the order of their rows. */
  readonly files: readonly string[];
  /** How many there are. */
  readonly rows: number;
  /**
   * Rows from one on, as far as there are any.
   * @throws {DataError} naming file, row and column of what is wrong. @throws {FileError} if a file cannot be read.
   */
  read(from: number, count: number, signal?: AbortSignal): AsyncGenerator<PairRow>;
  /** Closes the files; a second call does nothing. */
  dispose(): Promise<void>;
}
