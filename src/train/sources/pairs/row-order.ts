import { Permutation } from "../../../random/permutation.ts";
import { RandomStream } from "../../../random/random-stream.ts";

/** How the rows of a dataset are drawn. */
export interface RowOrderOptions {
  readonly seed: number;
  /** Of the dataset: datasets of another name are in another order. */
  readonly name: string;
  /** Rows there are. */
  readonly rows: number;
  /** Rows of a draw. */
  readonly size: number;
}

/** Which rows a draw takes. Depends on the options and the draw's number alone. */
export interface RowOrder {
  /** Numbers of `size` rows. */
  rowsOf(draw: number): number[];
}

/** Rows one by one in an order of chance: each once in a round, a draw that ends within a round goes on in the next. */
export function scatteredRows({ seed, name, rows, size }: RowOrderOptions): RowOrder {
  let known: { readonly round: number; readonly order: Permutation } | undefined;
  const orderOf = (round: number): Permutation => {
    if (known?.round !== round) known = { round, order: new Permutation(rows, seed, name, round) };
    return known.order;
  };
  return {
    rowsOf(draw) {
      const places = Array.from({ length: size }, (_, index) => draw * size + index);
      return places.map((place) => orderOf(Math.floor(place / rows)).at(place % rows));
    },
  };
}

/**
 * Rows that follow one another in their file, runs of them in an order of chance: each run once in a round. Runs begin at another row in each round,
 * so that rows meet other neighbours, and the few rows that fill no run are others each time.
 */
export function consecutiveRows({ seed, name, rows, size }: RowOrderOptions): RowOrder {
  const runs = Math.max(1, Math.floor(rows / size));
  return {
    rowsOf(draw) {
      const round = Math.floor(draw / runs);
      const first = new RandomStream(seed, "runs", name, round).integer(rows);
      const run = new Permutation(runs, seed, "runs", name, round).at(draw % runs);
      return Array.from({ length: size }, (_, index) => (first + run * size + index) % rows);
    },
  };
}

/** Draws among which rows are sorted by length. */
const WINDOW = 16;

/** How long a row is, in any unit. */
export type LengthOf = (rows: readonly number[]) => Promise<readonly number[]>;

/**
 * Another order's rows, those of 16 draws sorted by length and dealt anew: a draw then holds rows of about one length. Which of the 16 comes first is
 * chance, not length.
 */
export class RowsByLength {
  readonly #order: RowOrder;
  readonly #lengthOf: LengthOf;
  readonly #keys: readonly [number, string];
  #known: { readonly window: number; readonly draws: Promise<number[][]> } | undefined;

  constructor(order: RowOrder, { seed, name, lengthOf }: { readonly seed: number; readonly name: string; readonly lengthOf: LengthOf }) {
    this.#order = order;
    this.#lengthOf = lengthOf;
    this.#keys = [seed, name];
  }

  async rowsOf(draw: number): Promise<number[]> {
    const window = Math.floor(draw / WINDOW);
    if (this.#known?.window !== window) this.#known = { window, draws: this.#sorted(window) };
    const { draws } = this.#known;
    draws.catch(() => (this.#known = undefined)); // to be tried again
    return (await draws)[draw % WINDOW] ?? [];
  }

  async #sorted(window: number): Promise<number[][]> {
    const draws = Array.from({ length: WINDOW }, (_, index) => this.#order.rowsOf(window * WINDOW + index));
    const rows = draws.flat();
    const lengths = await this.#lengthOf(rows);
    const byLength = rows.map((row, place) => ({ row, length: lengths[place] ?? 0, place }));
    byLength.sort((a, b) => a.length - b.length || a.place - b.place);
    const size = rows.length / WINDOW;
    const dealt = draws.map((_, index) => byLength.slice(index * size, (index + 1) * size).map(({ row }) => row));
    return new RandomStream(...this.#keys, "lengths", window).shuffle(dealt);
  }
}
