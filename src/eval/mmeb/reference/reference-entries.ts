import type { MmebDataset } from "../../../data/mmeb/datasets.ts";
import type { EvalRow, EvalSide } from "../../../data/mmeb/eval-row.ts";
import { candidateItems, isEmptySide, queryItem, type MmebItem } from "../mmeb-item.ts";

/**
 * The runner that reads the files: `v1` (MMEB-eval, columns that hold the instructions) has vectors by text and image path; `main` (instructions in columns
 * of their own) has a query vector for each row and candidate vectors by name.
 */
export type ReferenceRunner = "v1" | "main";

/** An input of the reference's: its key, and what is embedded; nothing where there is neither text nor image. */
export interface ReferenceEntry {
  readonly key: string;
  readonly side: EvalSide;
  readonly item: MmebItem | undefined;
}

/** A row's names, as `<dataset>_info.jsonl` has them. */
export interface ReferenceInfo {
  readonly cand_names: readonly string[];
  readonly label_name: string;
}

/** All inputs of a dataset in the order that the reference embeds them. */
export interface ReferenceEntries {
  readonly runner: ReferenceRunner;
  readonly queries: readonly ReferenceEntry[];
  readonly candidates: readonly ReferenceEntry[];
  /** One per row; none for `v1`. */
  readonly infos: readonly ReferenceInfo[];
  /** Candidates that differ from the first of their name, whose vector the reference takes for all of them. */
  readonly namesakes: number;
}

/**
 * Reads what the reference embeds of a dataset: every row, those that have nothing to embed too, as it looks all of them up.
 * @source VLM2Vec, v1 `src/dataset.py` (`get_paired_data`), main `src/data/eval_dataset/image_*.py` (`cand_names`) and `generate_cand_dataset`.
 */
export async function readEntries(dataset: MmebDataset, rows: AsyncIterable<EvalRow>): Promise<ReferenceEntries> {
  const collector = new EntryCollector(dataset);
  for await (const row of rows) collector.add(row);
  return collector.finish();
}

class EntryCollector {
  readonly #dataset: MmebDataset;
  readonly #queries: ReferenceEntry[] = [];
  readonly #queryKeys = new Set<string>();
  readonly #candidates = new Map<string, ReferenceEntry>();
  readonly #namesakes = new Set<string>();
  readonly #infos: ReferenceInfo[] = [];
  #runner: ReferenceRunner = "main";

  constructor(dataset: MmebDataset) {
    this.#dataset = dataset;
  }

  add(row: EvalRow): void {
    this.#runner = row.instructions === undefined ? "v1" : "main";
    const isMain = this.#runner === "main";
    const key = contentOf(row.query);
    if (isMain || !this.#queryKeys.has(key)) this.#queries.push({ key, side: row.query, item: isEmptySide(row.query) ? undefined : queryItem(row, this.#dataset) }); // prettier-ignore
    this.#queryKeys.add(key);
    const make = candidateItems(row, this.#dataset);
    const names = row.candidates.map((side, place) => {
      const name = isMain ? candidateName(side, this.#dataset) : contentOf(side);
      this.#addCandidate(name, side, () => make(place));
      return name;
    });
    if (isMain) this.#infos.push({ cand_names: names, label_name: names[0] ?? "" });
  }

  finish(): ReferenceEntries {
    return {
      runner: this.#runner,
      queries: this.#queries,
      candidates: [...this.#candidates.values()],
      infos: this.#infos,
      namesakes: this.#namesakes.size,
    };
  }

  #addCandidate(key: string, side: EvalSide, make: () => MmebItem): void {
    const known = this.#candidates.get(key);
    if (known === undefined) this.#candidates.set(key, { key, side, item: isEmptySide(side) ? undefined : make() });
    else if (contentOf(known.side) !== contentOf(side)) this.#namesakes.add(`${key}\u0000${contentOf(side)}`);
  }
}

/** The name that `main` knows a candidate by: its text, its image's path, or both where one image holds several objects. */
function candidateName({ text, image }: EvalSide, { layout }: MmebDataset): string {
  if (layout === "text-to-image") return image;
  if (layout === "image-to-image") return `${image}:${text.replace(/^"+|"+$/g, "")}`;
  return text;
}

function contentOf({ text, image }: EvalSide): string {
  return `${image}\u0000${text}`;
}
