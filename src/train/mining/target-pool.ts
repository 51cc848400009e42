import type { PairDataset } from "../../data/pairs/pair-dataset.ts";
import { isEmptyRow, isEmptySide, sideKey, type PairSide } from "../../data/pairs/pair-row.ts";

/** All different targets of a dataset, and which of them answer which query. */
export class TargetPool {
  /** Each target once. */
  readonly targets: readonly PairSide[];
  readonly #places: ReadonlyMap<string, number>;
  /** Places of targets by what queries say, and by the keys of rows. */
  readonly #answers: ReadonlyMap<string, ReadonlySet<number>>;

  private constructor(
    targets: readonly PairSide[],
    places: ReadonlyMap<string, number>,
    answers: ReadonlyMap<string, ReadonlySet<number>>,
  ) {
    this.targets = targets;
    this.#places = places;
    this.#answers = answers;
  }

  /** Reads through the first rows of a dataset. @throws as the dataset's `read`. */
  static async read(dataset: PairDataset, rows: number, signal?: AbortSignal): Promise<TargetPool> {
    const targets: PairSide[] = [];
    const places = new Map<string, number>();
    const answers = new Map<string, Set<number>>();
    for await (const pair of dataset.read(0, rows, signal)) {
      if (isEmptyRow(pair)) continue;
      const own = pair.positives
        .filter((side) => !isEmptySide(side))
        .map((side) => {
          const key = sideKey(side);
          const place = places.get(key) ?? targets.push(side) - 1;
          places.set(key, place);
          return place;
        });
      for (const name of answerNames(pair)) {
        const known = answers.get(name) ?? new Set();
        for (const place of own) known.add(place);
        answers.set(name, known);
      }
    }
    return new TargetPool(targets, places, answers);
  }

  /** Places of all targets that are known to answer a row's query: its own, those of rows of the same query, and of the same key. */
  answersOf(pair: Parameters<typeof answerNames>[0]): ReadonlySet<number> {
    const all = new Set<number>();
    for (const name of answerNames(pair)) for (const place of this.#answers.get(name) ?? []) all.add(place);
    return all;
  }

  /** The place of a target. */
  placeOf(side: PairSide): number | undefined {
    return this.#places.get(sideKey(side));
  }
}

function answerNames({ query, positiveKey }: { readonly query: PairSide; readonly positiveKey?: string | undefined }): string[] {
  return [`query ${sideKey(query)}`, ...(positiveKey === undefined ? [] : [`key ${positiveKey}`])];
}
