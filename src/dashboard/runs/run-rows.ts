import { z } from "zod";
import type { TailRead } from "./line-tail.ts";

/** A line of the log as far as it has to be understood here. */
const rowSchema = z.looseObject({ type: z.string(), step: z.number().nonnegative() });
const estimatorSchema = z.looseObject({ pairs: z.unknown().optional() });

/** The rows of a run's `metrics.jsonl`, as JSON, and how often some were taken back: a resumed run cuts its log and goes on. */
export class RunRows {
  readonly #rows: string[] = [];
  /** Of each time that rows were taken back, how many were left. */
  readonly #cuts: number[] = [];
  #unreadable = 0;

  get count(): number {
    return this.#rows.length;
  }

  get generation(): number {
    return this.#cuts.length;
  }

  /** Lines that are no rows, which are passed over. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /** Takes in what was read. @returns whether anything has changed. */
  take({ lines, isNew }: Pick<TailRead, "lines" | "isNew">): boolean {
    if (isNew) this.#unreadable = 0;
    const rows = lines.filter((line) => line.trim() !== "").map(rowOf);
    const readable = rows.filter((row) => row !== undefined);
    this.#unreadable += rows.length - readable.length;
    if (!isNew) {
      for (const row of readable) this.#rows.push(row);
      return rows.length > 0;
    }
    const same = readable.findIndex((row, place) => row !== this.#rows[place]);
    const kept = same === -1 ? readable.length : same;
    const isCut = kept < this.#rows.length;
    if (isCut) this.#cuts.push(kept);
    this.#rows.length = kept;
    for (const row of readable.slice(kept)) this.#rows.push(row);
    return isCut || kept < rows.length;
  }

  /** Of so many rows of an earlier generation, how many are still the same. */
  stillValid(generation: number, count: number): number {
    return Math.min(count, this.count, ...this.#cuts.slice(generation));
  }

  /** Rows as JSON. */
  slice(from: number, to: number): readonly string[] {
    return this.#rows.slice(from, to);
  }
}

/** A line as the page gets it: without the estimator's reading of every pair, which is most of a line and not shown. */
function rowOf(line: string): string | undefined {
  try {
    const row = rowSchema.parse(JSON.parse(line));
    const estimator = estimatorSchema.safeParse(row["estimator"]).data;
    return JSON.stringify(estimator === undefined ? row : { ...row, estimator: { ...estimator, pairs: undefined } });
  } catch {
    return undefined;
  }
}
