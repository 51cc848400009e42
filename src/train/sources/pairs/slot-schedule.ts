import { RandomStream } from "../../../random/random-stream.ts";

/** What a slot draws from. */
export interface Slot {
  /** Place of the dataset. */
  readonly dataset: number;
  /** How many slots before this one drew from the same dataset. */
  readonly draw: number;
}

/** Slots after which each dataset has had its share exactly. */
const CYCLE = 1000;

/**
 * Which dataset each slot draws from: in every thousand slots each dataset has its share by weight (at least one), in an order of chance that
 * depends on the seed and the slot alone. How often a dataset was drawn from before is known without going through the slots.
 */
export class SlotSchedule {
  readonly #seed: number;
  /** Slots of each dataset in a cycle. */
  readonly #shares: readonly number[];
  readonly #slots: readonly number[];
  #known: { readonly cycle: number; readonly order: readonly number[] } | undefined;

  /** @param weights of the datasets, above 0. */
  constructor(weights: readonly number[], seed: number) {
    this.#seed = seed;
    this.#shares = apportion(weights, CYCLE);
    this.#slots = this.#shares.flatMap((count, dataset) => Array.from({ length: count }, () => dataset));
  }

  at(slot: number): Slot {
    const { length } = this.#slots;
    const [cycle, place] = [Math.floor(slot / length), slot % length];
    const order = this.#order(cycle);
    const dataset = order[place] ?? 0;
    let draw = cycle * (this.#shares[dataset] ?? 0);
    for (let before = 0; before < place; before++) if (order[before] === dataset) draw++;
    return { dataset, draw };
  }

  #order(cycle: number): readonly number[] {
    if (this.#known?.cycle !== cycle) this.#known = { cycle, order: new RandomStream(this.#seed, "slots", cycle).shuffle(this.#slots) };
    return this.#known.order;
  }
}

/** Whole numbers in proportion to the weights, each at least 1, by largest remainders: their sum is `total`, unless there are more weights. */
function apportion(weights: readonly number[], total: number): number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const exact = weights.map((weight) => (weight / sum) * total);
  const shares = exact.map((share) => Math.max(1, Math.floor(share)));
  const byRemainder = exact.map((share, dataset) => ({ dataset, rest: share - (shares[dataset] ?? 0) })).sort((a, b) => b.rest - a.rest);
  let left = total - shares.reduce((all, share) => all + share, 0);
  for (const { dataset } of byRemainder) {
    if (left <= 0) break;
    shares[dataset] = (shares[dataset] ?? 0) + 1;
    left--;
  }
  return shares;
}
