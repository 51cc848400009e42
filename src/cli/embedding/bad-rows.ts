import type { DataError } from "../../errors/families.ts";
import type { Progress } from "../terminal/progress.ts";

/** How many rows are told of one by one. */
const MOST_TOLD = 5;

/** Rows that could not be used: thrown, or with `--skip-bad` told and counted. */
export class BadRows {
  readonly #progress: Progress;
  readonly #skip: boolean;
  #count = 0;

  constructor(progress: Progress, skip: boolean) {
    this.#progress = progress;
    this.#skip = skip;
  }

  /** How many were skipped. */
  get count(): number {
    return this.#count;
  }

  /** Takes note of a bad row. @throws the error itself, unless bad rows are skipped. */
  take(error: DataError): void {
    if (!this.#skip) throw error;
    this.#count++;
    if (this.#count <= MOST_TOLD) this.#progress.note(`skipped: ${error.message}`);
    if (this.#count === MOST_TOLD + 1) this.#progress.note("skipped more rows, which are only counted");
  }
}
