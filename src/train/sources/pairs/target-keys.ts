import { sideKey, type PairRow, type PairSide } from "../../../data/pairs/pair-row.ts";

/** A row of a batch, and which of its positives is its target. */
export interface DrawnPair {
  readonly pair: PairRow;
  readonly positive: PairSide;
  readonly hardNegatives: readonly PairSide[];
  /** Name of the row's dataset. */
  readonly dataset: string;
}

/** What is counted as the same target. */
export interface KeyOptions {
  /** Targets of the same images are the same, whatever their texts. */
  readonly sameImage: boolean;
}

/**
 * Keys of a batch's targets, positives first and then all hard negatives: targets of one key are never negatives of each other's queries. One key have
 * targets of the same text and images; all positives of a row; the positives of rows with the same query, or the same `positiveKey` within a dataset.
 */
export function targetKeys(drawn: readonly DrawnPair[], { sameImage }: KeyOptions): string[] {
  const groups = new Groups();
  const keyOf = (side: PairSide): string => (sameImage && side.images.length > 0 ? JSON.stringify(side.images) : sideKey(side));
  for (const { pair, positive, dataset } of drawn) {
    const key = keyOf(positive);
    for (const other of pair.positives) groups.unite(key, keyOf(other));
    groups.unite(key, `query ${sideKey(pair.query)}`);
    if (pair.positiveKey !== undefined) groups.unite(key, `key ${dataset} ${pair.positiveKey}`);
  }
  const targets = [...drawn.map(({ positive }) => positive), ...drawn.flatMap(({ hardNegatives }) => hardNegatives)];
  return targets.map((side) => groups.find(keyOf(side)));
}

/** Names that belong together, each group known by one of them. */
class Groups {
  readonly #parents = new Map<string, string>();

  find(name: string): string {
    let root = name;
    for (let parent = this.#parents.get(root); parent !== undefined; parent = this.#parents.get(root)) root = parent;
    return root;
  }

  unite(first: string, second: string): void {
    const [one, other] = [this.find(first), this.find(second)];
    if (one !== other) this.#parents.set(other, one);
  }
}
