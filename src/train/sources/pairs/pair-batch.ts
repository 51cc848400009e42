import { toPromptInput, type ImageOpener } from "../../../data/pairs/pair-input.ts";
import type { PairRow, PairSide } from "../../../data/pairs/pair-row.ts";
import { present } from "../../../errors/families.ts";
import { RandomStream } from "../../../random/random-stream.ts";
import type { ContrastiveBatch } from "../../batch-source.ts";
import type { DrawnPair } from "./target-keys.ts";

/** Which of a row's positives and hard negatives are used. */
export interface ChoiceOptions {
  readonly seed: number;
  /** Hard negatives, at most. */
  readonly hardNegatives: number;
  readonly dataset: string;
  /** Number of the draw, and the row's place in it: another choice each time. */
  readonly draw: number;
  readonly place: number;
}

/** A row with one of its positives and some of its hard negatives; depends on the options alone. */
export function choose(pair: PairRow, { seed, hardNegatives, dataset, draw, place }: ChoiceOptions): DrawnPair {
  const stream = new RandomStream(seed, "choice", dataset, draw, place);
  const positive = pair.positives.length === 1 ? present(pair.positives[0], "a positive") : stream.pick(pair.positives);
  const isAll = pair.hardNegatives.length <= hardNegatives;
  return { pair, positive, hardNegatives: isAll ? pair.hardNegatives : stream.sample(pair.hardNegatives, hardNegatives), dataset };
}

/** The batch of such rows: targets are their positives, then the hard negatives of all. @param keys of the targets, in that order. */
export function pairBatch(
  drawn: readonly DrawnPair[],
  task: string,
  { openImage, keys }: { readonly openImage: ImageOpener; readonly keys: readonly string[] },
): ContrastiveBatch {
  const input = (side: PairSide, { pair, dataset }: DrawnPair): ReturnType<typeof toPromptInput> =>
    toPromptInput(side, openImage, `${dataset}, row ${pair.row}`);
  return {
    kind: "contrastive",
    task,
    queries: drawn.map((row) => input(row.pair.query, row)),
    targets: [
      ...drawn.map((row) => input(row.positive, row)),
      ...drawn.flatMap((row) => row.hardNegatives.map((side) => input(side, row))),
    ],
    targetKeys: keys,
  };
}
