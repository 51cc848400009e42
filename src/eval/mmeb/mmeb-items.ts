import type { ItemDescriber } from "../cases/describe-case.ts";
import type { CaseItem } from "../cases/query-case.ts";
import type { MmebItem } from "./mmeb-item.ts";
import type { MmebTask } from "./mmeb-task.ts";

/** Describes a dataset's queries and candidates; pictures are called by the paths that the columns name them with. */
export function mmebItems({ queries, candidates, rowNumbers }: MmebTask): ItemDescriber {
  return {
    query: (place) => itemOf(queries[place]),
    candidate: (place) => itemOf(candidates[place]),
    rowNumber: (row) => rowNumbers[row] ?? row,
  };
}

function itemOf(item: MmebItem | undefined): CaseItem {
  const word = (text: string | undefined): string | null => (text === undefined || text.trim() === "" ? null : text);
  return { name: null, text: word(item?.text), instruction: word(item?.instruction), image: item?.image ?? null };
}
