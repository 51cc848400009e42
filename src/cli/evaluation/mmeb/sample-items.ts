import { MMEB_DATASETS } from "../../../data/mmeb/datasets.ts";
import { findEvalFiles } from "../../../data/mmeb/eval-files.ts";
import { readEvalRows } from "../../../data/mmeb/read-eval-rows.ts";
import { candidateItems, isEmptySide, queryItem, type MmebItem } from "../../../eval/mmeb/mmeb-item.ts";
import type { MmebImages } from "../../../eval/mmeb/visit-datasets.ts";

/** Where items are sampled. */
export interface ItemSample {
  readonly data: string;
  readonly datasets: readonly string[];
  readonly images: MmebImages;
}

/** The first query and the first candidate of each dataset, those whose image is missing apart. @throws as reading the data. */
export async function sampleItems({ data, datasets, images }: ItemSample): Promise<MmebItem[]> {
  const items: MmebItem[] = [];
  for (const dataset of MMEB_DATASETS.filter(({ name }) => datasets.includes(name))) {
    for await (const row of readEvalRows(dataset.name, await findEvalFiles(data, dataset.name))) {
      const [first] = row.candidates;
      if (first === undefined || isEmptySide(row.query) || isEmptySide(first)) continue;
      const pair = [queryItem(row, dataset), candidateItems(row, dataset)(0)];
      for (const item of pair) if (item.image === undefined || (await images.has(item.image))) items.push(item);
      break;
    }
  }
  return items;
}
