import type { PairDataset } from "../../data/pairs/pair-dataset.ts";
import { toPromptInput, type ImageOpener } from "../../data/pairs/pair-input.ts";
import { isEmptyRow, isEmptySide, sideKey, type PairRow, type PairSide } from "../../data/pairs/pair-row.ts";
import { withoutPlaceholder } from "../../data/mmeb/text-rules.ts";
import { DataError } from "../../errors/families.ts";
import type { PromptInput } from "../../inputs/embedding-input.ts";
import { RandomStream } from "../../random/random-stream.ts";
import type { ItemDescriber } from "../cases/describe-case.ts";
import type { CaseItem } from "../cases/query-case.ts";
import type { EvaluableTask, RankingRow } from "../ranking-task.ts";

/** Pairs as a task: what stands to choice for a query are its own targets and those of the other rows. */
export interface PairTask extends EvaluableTask<PromptInput> {
  readonly items: ItemDescriber;
  /** Rows without a query or without any answer, which are left out. */
  readonly emptyRows: number;
}

/** How pairs become a task. */
export interface PairTaskOptions {
  readonly open: ImageOpener;
  /** Only the first so many rows. */
  readonly limit?: number | undefined;
  /** Seeds the choice of candidates, where there are too many, and their order. */
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

/** Candidates of a row at most, as in MMEB. */
const MOST_CANDIDATES = 1000;

/**
 * Makes a task of pairs. The candidates of a row are its positive, its hard negatives, and the positives of other rows, up to 1,000. Other answers to
 * the same query (more positives, rows of the same query or the same `positiveKey`) are no candidates; a row's further positives count as right.
 * @throws {DataError} naming file and row of what cannot be used; or if no row has a choice.
 */
export async function makePairTask(dataset: PairDataset, { open, limit, seed, signal }: PairTaskOptions): Promise<PairTask> {
  const rows: PairRow[] = [];
  let emptyRows = 0;
  for await (const row of dataset.read(0, Math.min(limit ?? dataset.rows, dataset.rows), signal)) {
    if (isEmptyRow(row)) emptyRows++;
    else rows.push({ ...row, positives: row.positives.filter((side) => !isEmptySide(side)) });
  }
  const file = dataset.files[0] ?? dataset.name;
  const [queries, targets] = [new Sides(open, file), new Sides(open, file)];
  const asked = rows.map((row) => ({ row, query: queries.place(row.query, row.row), positives: row.positives.map((side) => targets.place(side, row.row)), negatives: row.hardNegatives.map((side) => targets.place(side, row.row)) })); // prettier-ignore
  const answers = [...new Set(asked.flatMap(({ positives }) => positives))];
  const right = new KnownAnswers(asked);
  const made = asked.map((each) =>
    choicesOf(each, { answers, right, stream: new RandomStream("pairs", seed, dataset.name, each.row.row) }),
  );
  if (made.every(({ candidates }) => candidates.length < 2)) {
    const message = `${file}: no query has anything to choose from; give hard negatives, or several rows with different positives`;
    throw new DataError({ message, details: { file, row: null, field: null } });
  }
  return {
    name: dataset.name,
    family: "pairs",
    concepts: "unseen",
    vendor: file,
    queries: queries.inputs,
    candidates: targets.inputs,
    rows: made,
    ...(rows.some(({ positiveKey }) => positiveKey !== undefined) && { labels: rows.map(({ positiveKey }) => positiveKey ?? "no key") }),
    items: { query: queries.item, candidate: targets.item, rowNumber: (row) => rows[row]?.row ?? row },
    emptyRows,
  };
}

interface AskedRow {
  readonly row: PairRow;
  readonly query: number;
  readonly positives: readonly number[];
  readonly negatives: readonly number[];
}

interface ChoiceContext {
  readonly answers: readonly number[];
  readonly right: KnownAnswers;
  readonly stream: RandomStream;
}

function choicesOf(asked: AskedRow, { answers, right, stream }: ChoiceContext): RankingRow {
  const { query, positives, negatives } = asked;
  const known = right.of(asked);
  const own = negatives.filter((place) => !known.has(place));
  const others = stream.shuffle(answers.filter((place) => !known.has(place)));
  const wrong = [...new Set([...own, ...others])].slice(0, MOST_CANDIDATES - 1);
  const candidates = stream.shuffle([...new Set([...positives, ...wrong])]);
  const [positive = 0, ...duplicates] = [...new Set(positives)].map((place) => candidates.indexOf(place));
  return { query, candidates, positive, ...(duplicates.length > 0 && { duplicates }) };
}

/** What answers a query, over all rows that ask it or share its key. */
class KnownAnswers {
  readonly #byKey = new Map<string, Set<number>>();

  constructor(rows: readonly AskedRow[]) {
    for (const row of rows) {
      for (const key of keysOf(row)) {
        const answers = this.#byKey.get(key) ?? new Set();
        for (const place of row.positives) answers.add(place);
        this.#byKey.set(key, answers);
      }
    }
  }

  of(row: AskedRow): ReadonlySet<number> {
    return new Set(keysOf(row).flatMap((key) => [...(this.#byKey.get(key) ?? [])]));
  }
}

function keysOf({ query, row: { positiveKey } }: AskedRow): string[] {
  return [`query ${query}`, ...(positiveKey === undefined ? [] : [`key ${positiveKey}`])];
}

/** Different sides, each once. */
class Sides {
  readonly inputs: PromptInput[] = [];
  readonly #sides: PairSide[] = [];
  readonly #places = new Map<string, number>();
  readonly #open: ImageOpener;
  readonly #file: string;

  constructor(open: ImageOpener, file: string) {
    this.#open = open;
    this.#file = file;
  }

  place(side: PairSide, row: number): number {
    const key = sideKey(side);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const input = toPromptInput(side, this.#open, `${this.#file}, row ${row + 1}`);
    this.#places.set(key, this.inputs.length);
    this.#sides.push(side);
    return this.inputs.push(input) - 1;
  }

  readonly item = (place: number): CaseItem => {
    const { text, images, parts } = this.#sides[place] ?? { text: "", images: [] };
    const word = (words: string | undefined): string | null => (words === undefined || words.trim() === "" ? null : words);
    return { name: null, text: word(withoutPlaceholder(text)), instruction: word(parts?.instruction), image: images[0] ?? null };
  };
}
