import type { MmebDataset } from "../../data/mmeb/datasets.ts";
import type { EvalRow } from "../../data/mmeb/eval-row.ts";
import { DataError } from "../../errors/families.ts";
import { RandomStream } from "../../random/random-stream.ts";
import type { EvaluableTask, RankingRow } from "../ranking-task.ts";
import { candidateItems, candidateKey, isEmptySide, queryItem, type MmebItem } from "./mmeb-item.ts";

/** A dataset as a task: its distinct queries and candidates, each once. */
export interface MmebTask extends EvaluableTask<MmebItem> {
  readonly dataset: MmebDataset;
  readonly omitted: OmittedParts;
  /** The numbers of the scored rows in the dataset, in the order of `rows`. */
  readonly rowNumbers: readonly number[];
}

/** What a dataset holds that cannot be scored. */
export interface OmittedParts {
  /** Rows whose query or right candidate has neither text nor image. */
  readonly emptyRows: number;
  /** Other candidates with neither. */
  readonly emptyCandidates: number;
  /** Rows whose query or right candidate names an image that is not there; none unless they are to be passed over. */
  readonly missingRows: number;
  /** Other candidates that name one. */
  readonly missingCandidates: number;
}

/** How a task is made of rows. */
export interface MmebTaskOptions {
  /** Whether an image is there. */
  readonly hasImage: (path: string) => boolean | Promise<boolean>;
  /** What becomes of images that are not: an error, or their rows and candidates are left out and counted. */
  readonly missingImages: "error" | "omit";
  /** Seeds the order in which candidates are scored. */
  readonly seed: number;
}

/**
 * Makes a task of a dataset's rows. The candidates of each row are shuffled with a fixed seed; the right one is that which stood first, and others
 * of the same text and image count as it.
 * @throws {DataError} naming dataset, row and image, if one is missing and none may be; or if no row is left.
 */
export async function makeMmebTask(dataset: MmebDataset, rows: AsyncIterable<EvalRow>, options: MmebTaskOptions): Promise<MmebTask> {
  const builder = new TaskBuilder(dataset, options);
  for await (const row of rows) await builder.add(row);
  return builder.finish();
}

class TaskBuilder {
  readonly #dataset: MmebDataset;
  readonly #options: MmebTaskOptions;
  readonly #queries = new ItemList();
  readonly #candidates = new ItemList();
  readonly #images = new Map<string, boolean>();
  readonly #rows: RankingRow[] = [];
  readonly #rowNumbers: number[] = [];
  readonly #labels: string[] = [];
  readonly #omitted = { emptyRows: 0, emptyCandidates: 0, missingRows: 0, missingCandidates: 0 };

  constructor(dataset: MmebDataset, options: MmebTaskOptions) {
    this.#dataset = dataset;
    this.#options = options;
  }

  async add(row: EvalRow): Promise<void> {
    const [positive] = row.candidates;
    if (positive === undefined || isEmptySide(row.query) || isEmptySide(positive)) {
      this.#omitted.emptyRows++;
      return;
    }
    if (!(await this.#isThere(row.query.image, row)) || !(await this.#isThere(positive.image, row))) {
      this.#omitted.missingRows++;
      return;
    }
    const query = this.#queries.place(`${row.query.image}\u0000${row.instructions?.query ?? ""}\u0000${row.query.text}`, () =>
      queryItem(row, this.#dataset),
    );
    this.#rows.push({ query, ...(await this.#choices(row)) });
    this.#rowNumbers.push(row.row);
    this.#labels.push(positive.text);
  }

  finish(): MmebTask {
    const { name, metaTask, distribution } = this.#dataset;
    if (this.#rows.length === 0) {
      throw new DataError({
        message: `${name} has no row that can be scored (${describeOmitted(this.#omitted)})`,
        details: { dataset: name },
      });
    }
    return {
      name,
      family: metaTask,
      concepts: distribution === "IND" ? "seen" : "unseen",
      vendor: "MMEB",
      dataset: this.#dataset,
      queries: this.#queries.items,
      candidates: this.#candidates.items,
      rows: this.#rows,
      rowNumbers: this.#rowNumbers,
      ...(metaTask === "CLS" && { labels: this.#labels }),
      omitted: this.#omitted,
    };
  }

  /** The row's candidates in the order they are scored. */
  async #choices(row: EvalRow): Promise<Omit<RankingRow, "query">> {
    const make = candidateItems(row, this.#dataset);
    const prefix = `${row.instructions?.candidate ?? ""}\u0000${row.candidates[0]?.text.trim() === ""}`;
    const kept: number[] = [];
    for (const [place, side] of row.candidates.entries()) {
      if (isEmptySide(side)) this.#omitted.emptyCandidates++;
      else if (!(await this.#isThere(side.image, row))) this.#omitted.missingCandidates++;
      else kept.push(place);
    }
    const order = new RandomStream("mmeb", this.#options.seed, this.#dataset.name, row.row).shuffle(kept);
    const keyOf = (place: number): string => candidateKey(row.candidates[place] as EvalRow["query"], this.#dataset);
    const right = keyOf(0);
    const positive = order.indexOf(0);
    const duplicates = order.flatMap((place, at) => (at !== positive && keyOf(place) === right ? [at] : []));
    const candidates = Uint32Array.from(order, (place) => {
      const { text, image } = row.candidates[place] as EvalRow["query"];
      return this.#candidates.place(`${prefix}\u0000${image}\u0000${text}`, () => make(place));
    });
    return { candidates, positive, ...(duplicates.length > 0 && { duplicates }) };
  }

  /** @throws {DataError} if an image is missing and none may be. */
  async #isThere(image: string, { row }: EvalRow): Promise<boolean> {
    if (image === "") return true;
    let known = this.#images.get(image);
    if (known === undefined) this.#images.set(image, (known = await this.#options.hasImage(image)));
    if (known || this.#options.missingImages === "omit") return known;
    const { name } = this.#dataset;
    throw new DataError({
      message: `${name}, row ${row}: the image ${image} is not there; check the folder of images (--images), or leave out what misses one (--missing-images omit)`,
      details: { dataset: name, row, file: image },
    });
  }
}

/** Items, each once. */
class ItemList {
  readonly items: MmebItem[] = [];
  readonly #places = new Map<string, number>();

  place(key: string, make: () => MmebItem): number {
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place = this.items.length;
    this.#places.set(key, place);
    this.items.push(make());
    return place;
  }
}

/** What was left out, in words: "3 empty rows, 1 missing candidate"; "" if nothing was. */
function describeOmitted({ emptyRows, emptyCandidates, missingRows, missingCandidates }: OmittedParts): string {
  const parts: readonly (readonly [number, string])[] = [
    [emptyRows, "rows without text and image"],
    [missingRows, "rows without their image"],
    [emptyCandidates, "candidates without text and image"],
    [missingCandidates, "candidates without their image"],
  ];
  return parts.flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${count === 1 ? what.replace("s ", " ") : what}`])).join(", ");
}
