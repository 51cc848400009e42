import type { FlatRow } from "./flatten-row.ts";

/** Numbers of one curve, null where a row has none. */
export type Column = (number | null)[];

/** Rows as columns, which grow at the end and are cut from there. */
export class CurveTable {
  readonly steps: number[] = [];
  /** Hours of training up to each row. */
  readonly hours: number[] = [];
  readonly #columns = new Map<string, Column>();

  get length(): number {
    return this.steps.length;
  }

  get names(): readonly string[] {
    return [...this.#columns.keys()];
  }

  push({ step, values }: FlatRow, hours: number): void {
    for (const name of values.keys())
      if (!this.#columns.has(name))
        this.#columns.set(
          name,
          Array.from(this.steps, () => null),
        );
    this.steps.push(step);
    this.hours.push(hours);
    for (const [name, column] of this.#columns) column.push(values.get(name) ?? null);
  }

  cut(length: number): void {
    this.steps.length = Math.min(length, this.length);
    this.hours.length = this.steps.length;
    for (const [name, column] of this.#columns) {
      column.length = this.steps.length;
      if (column.every((value) => value === null)) this.#columns.delete(name);
    }
  }

  /** A curve's numbers, row by row; not to be changed. */
  column(name: string): readonly (number | null)[] | undefined {
    return this.#columns.get(name);
  }

  /** The last number of a curve and its row; undefined if it has none. */
  latest(name: string): { readonly value: number; readonly row: number } | undefined {
    const column = this.#columns.get(name);
    const row = column?.findLastIndex((value) => value !== null) ?? -1;
    const value = column?.[row];
    return value === undefined || value === null ? undefined : { value, row };
  }
}
