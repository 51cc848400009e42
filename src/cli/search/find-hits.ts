import { topK } from "../../search/top-k.ts";
import type { SearchOptions, SearchQuery, VectorIndex } from "../../search/vector-index.ts";
import type { Collection, StoredPicture } from "./collection.ts";

/** A picture that was found. */
export interface Hit extends StoredPicture {
  readonly id: string;
  readonly score: number;
  /** Where it would stand, from 1, by the aggregate and by each path alone. */
  readonly ranks?: { readonly aggregate: number; readonly paths: readonly number[] };
}

/** How hits are found. */
export interface FindOptions extends SearchOptions {
  /** Whether each hit's ranks are found too. */
  readonly explain: boolean;
  /** Which pictures count; all if not given. */
  readonly isWanted?: (picture: StoredPicture) => boolean;
}

/** The pictures most like a query, best first. */
export function findHits({ index, pictures }: Collection, query: SearchQuery, options: FindOptions): Hit[] {
  const { explain, isWanted = () => true, ...search } = options;
  const wanted = index.ids.flatMap((id, row) => {
    const picture = pictures.get(id);
    return picture !== undefined && isWanted(picture) ? [{ id, row, picture }] : [];
  });
  const scoresBy = (view: SearchOptions): Float64Array => {
    const scores = index.score(query, view);
    return Float64Array.from(wanted, ({ row }) => scores[row] as number);
  };
  const explainers = explain ? rankers(index, scoresBy) : undefined;
  return topK(scoresBy(search), options.k).map(({ item, score }) => {
    const { id, picture } = wanted[item] as (typeof wanted)[number];
    return { id, score, ...picture, ...(explainers && { ranks: explainers(item) }) };
  });
}

function rankers({ pathCount }: VectorIndex, scoresBy: (view: SearchOptions) => Float64Array): (item: number) => NonNullable<Hit["ranks"]> {
  const aggregate = scoresBy({ k: 0, view: "aggregate" });
  const paths = Array.from({ length: pathCount }, (_, path) => scoresBy({ k: 0, view: "single", path }));
  return (item) => ({ aggregate: rankIn(aggregate, item), paths: paths.map((scores) => rankIn(scores, item)) });
}

/** 1 for the best; of equal scores what comes first. */
function rankIn(scores: Float64Array, item: number): number {
  const own = scores[item] as number;
  return 1 + scores.reduce((better, score, other) => better + (score > own || (score === own && other < item) ? 1 : 0), 0);
}
