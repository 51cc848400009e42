import { createHash } from "node:crypto";
import { DataError } from "../../../errors/families.ts";
import type { ImageStore } from "../../image-store/image-store.ts";
import type { PairDataset } from "../pair-dataset.ts";
import { placesProblem } from "../pair-input.ts";
import { isEmptyRow, isEmptySide, sideKey, type PairRow, type PairSide } from "../pair-row.ts";
import { LengthCounter, type LengthSummary } from "./length-counter.ts";

/** How often something was found, and the first few of it. */
export interface Findings {
  readonly count: number;
  readonly examples: readonly { readonly row: number; readonly what: string }[];
}

/** What a dataset is like. */
export interface PairReport {
  readonly name: string;
  readonly files: readonly string[];
  readonly rows: number;
  /** Rows that a training uses. */
  readonly usable: number;
  /** Rows whose query or positives are empty: a training leaves them out. */
  readonly empty: Findings;
  /** Rows that cannot be read: a training would end there. */
  readonly wrong: Findings;
  /** Images that are not there: a training would end there. Each is counted once. */
  readonly missingImages: Findings;
  /** Different images. */
  readonly images: number;
  /** Rows that are like an earlier one, query and positives. */
  readonly duplicates: Findings;
  /** Rows whose positives are another query's too: masked where they meet in a batch. */
  readonly sharedPositives: number;
  readonly hardNegatives: number;
  /** Rows with several positives. */
  readonly severalPositives: number;
  readonly lengths: {
    readonly unit: "tokens" | "characters";
    readonly query?: LengthSummary | undefined;
    readonly positive?: LengthSummary | undefined;
    readonly hardNegative?: LengthSummary | undefined;
  };
}

/** How a dataset is looked at. */
export interface CheckOptions {
  /** Only so many rows, the first. */
  readonly rows?: number | undefined;
  /** Where its images are; they are not looked for if not given. */
  readonly images?: ImageStore | undefined;
  /** Tokens of a text; characters are counted if not given. */
  readonly tokensOf?: ((text: string) => number) | undefined;
  readonly onRow?: ((row: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Rows that cannot be read before a file is given up. */
const MOST_WRONG = 100;
const EXAMPLES = 5;

/** Reads through a dataset and tells what a training would meet. @throws {FileError} if a file cannot be read at all. */
export async function checkPairs(dataset: PairDataset, options: CheckOptions = {}): Promise<PairReport> {
  const check = new PairCheck(dataset, options);
  const limit = Math.min(dataset.rows, options.rows ?? dataset.rows);
  let next = 0;
  while (next < limit && check.wrong.count < MOST_WRONG) {
    try {
      for await (const row of dataset.read(next, limit - next, options.signal)) {
        await check.add(row);
        next = row.row + 1;
        options.onRow?.(next);
      }
      next = limit;
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      check.wrong.add(next, error.message);
      next++;
    }
  }
  return check.report(limit);
}

class FindingList {
  count = 0;
  readonly examples: { readonly row: number; readonly what: string }[] = [];

  add(row: number, what: string): void {
    this.count++;
    if (this.examples.length < EXAMPLES) this.examples.push({ row, what });
  }

  get findings(): Findings {
    return { count: this.count, examples: this.examples };
  }
}

class PairCheck {
  readonly wrong = new FindingList();
  readonly #dataset: PairDataset;
  readonly #options: CheckOptions;
  readonly #empty = new FindingList();
  readonly #missing = new FindingList();
  readonly #duplicates = new FindingList();
  /** Short hashes, as datasets have millions of rows. */
  readonly #images = new Set<number>();
  readonly #absent = new Set<number>();
  readonly #pairs = new Set<number>();
  readonly #positives = new Set<number>();
  readonly #lengths = { query: new LengthCounter(), positive: new LengthCounter(), hardNegative: new LengthCounter() };
  #usable = 0;
  #shared = 0;
  #hardNegatives = 0;
  #several = 0;

  constructor(dataset: PairDataset, options: CheckOptions) {
    this.#dataset = dataset;
    this.#options = options;
  }

  async add(pair: PairRow): Promise<void> {
    const { row, query, positives, hardNegatives } = pair;
    if (isEmptyRow(pair)) return this.#empty.add(row, isEmptySide(query) ? "the query is empty" : "the positive is empty");
    const sides = [query, ...positives, ...hardNegatives];
    const problem = sides.map(placesProblem).find((text) => text !== undefined);
    if (problem !== undefined) return this.wrong.add(row, problem);
    if (await this.#lacksImages(row, sides)) return;
    this.#usable++;
    this.#hardNegatives += hardNegatives.length;
    if (positives.length > 1) this.#several++;
    this.#compare(pair);
    this.#measure("query", [query]);
    this.#measure("positive", positives);
    this.#measure("hardNegative", hardNegatives);
  }

  async #lacksImages(row: number, sides: readonly PairSide[]): Promise<boolean> {
    const { images } = this.#options;
    let lacks = false;
    for (const path of sides.flatMap((side) => side.images)) {
      const hash = hashOf(path);
      if (!this.#images.has(hash)) {
        this.#images.add(hash);
        if (images !== undefined && !(await isIn(images, path))) {
          this.#absent.add(hash);
          this.#missing.add(row, path);
        }
      }
      lacks ||= this.#absent.has(hash);
    }
    return lacks;
  }

  #compare({ row, query, positives }: PairRow): void {
    const keys = positives.map(sideKey);
    const pair = hashOf([sideKey(query), ...keys].join("\n"));
    if (this.#pairs.has(pair)) this.#duplicates.add(row, query.text.slice(0, 80));
    else if (keys.some((key) => this.#positives.has(hashOf(key)))) this.#shared++;
    this.#pairs.add(pair);
    for (const key of keys) this.#positives.add(hashOf(key));
  }

  #measure(kind: "query" | "positive" | "hardNegative", sides: readonly PairSide[]): void {
    const { tokensOf = (text: string): number => text.length } = this.#options;
    for (const { text, parts } of sides) this.#lengths[kind].add(tokensOf(`${parts?.instruction ?? ""}${text}`));
  }

  report(rows: number): PairReport {
    const { query, positive, hardNegative } = this.#lengths;
    return {
      name: this.#dataset.name,
      files: this.#dataset.files,
      rows,
      usable: this.#usable,
      empty: this.#empty.findings,
      wrong: this.wrong.findings,
      missingImages: this.#missing.findings,
      images: this.#images.size,
      duplicates: this.#duplicates.findings,
      sharedPositives: this.#shared,
      hardNegatives: this.#hardNegatives,
      severalPositives: this.#several,
      lengths: {
        unit: this.#options.tokensOf === undefined ? "characters" : "tokens",
        query: query.summary(),
        positive: positive.summary(),
        hardNegative: hardNegative.summary(),
      },
    };
  }
}

/** Whether an image is there; one whose path leads outside is not. */
async function isIn(images: ImageStore, path: string): Promise<boolean> {
  try {
    return await images.has(path);
  } catch (error) {
    if (error instanceof DataError) return false;
    throw error;
  }
}

/** 48 bits of a text's hash: two of a million texts are taken for one with a chance of 1 in 500. */
function hashOf(text: string): number {
  return createHash("sha1").update(text).digest().readUIntBE(0, 6);
}

/** Whether a training on a dataset would end before its time. */
export function breaksTraining({ wrong, missingImages, usable }: PairReport): boolean {
  return wrong.count > 0 || missingImages.count > 0 || usable === 0;
}
