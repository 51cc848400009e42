import { z } from "zod";
import { DataError } from "../../errors/families.ts";
import { nearestName } from "../../files/nearest-name.ts";
import { LineIndex } from "./line-index.ts";
import { OWN_COLUMNS, PAIR_COLUMNS, readPairCells } from "./pair-columns.ts";
import type { PairDataset } from "./pair-dataset.ts";
import type { PairRow, PairSide } from "./pair-row.ts";

const words = z.string().min(1);
const sideSchema = z
  .strictObject({ text: words.optional(), image: words.optional(), instruction: words.optional() })
  .refine(({ text, image }) => text !== undefined || image !== undefined, "neither text nor image is given; give at least one of them");
const exampleSchema = z.strictObject({
  id: z.union([z.string(), z.number()]).optional(),
  query: sideSchema,
  positive: z.union([sideSchema, z.array(sideSchema).min(1)]),
  hardNegatives: z.array(sideSchema).optional(),
  positiveKey: z.union([z.string(), z.number()]).optional(),
  batch: z.int().min(0).optional(),
});
const FIELDS = ["id", "query", "positive", "hardNegatives", "positiveKey", "batch"];
const KNOWN_COLUMNS: readonly string[] = [...PAIR_COLUMNS, ...OWN_COLUMNS, "id"];

/**
 * A dataset of JSON lines: either MMEB's columns (`qry`, `pos_text`, ...), or `query`, `positive` (one or several), `hardNegatives`, `positiveKey`.
 * Every line is a row, an empty one an empty row; the file is read through once for where its lines begin.
 */
export class JsonPairs implements PairDataset {
  readonly name: string;
  readonly files: readonly string[];
  readonly #index: LineIndex;

  private constructor(name: string, index: LineIndex) {
    this.name = name;
    this.files = [index.file];
    this.#index = index;
  }

  /** @throws {FileError} if the file cannot be read. */
  static async open(name: string, file: string): Promise<JsonPairs> {
    return new JsonPairs(name, await LineIndex.open(file));
  }

  get rows(): number {
    return this.#index.count;
  }

  async *read(from: number, count: number, signal?: AbortSignal): AsyncGenerator<PairRow> {
    for await (const { line, text } of this.#index.lines(from, count)) {
      signal?.throwIfAborted();
      yield parseLine(line === 0 ? text.replace(/^\uFEFF/, "") : text, { file: this.#index.file, line });
    }
  }

  async dispose(): Promise<void> {
    // the file is open only while lines are read
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}

const NOTHING: PairSide = { text: "", images: [] };

interface LinePlace {
  readonly file: string;
  /** From 0. */
  readonly line: number;
}

function parseLine(text: string, place: LinePlace): PairRow {
  if (text.trim() === "") return { row: place.line, query: NOTHING, positives: [NOTHING], hardNegatives: [] };
  const value = parseJson(text, place);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw lineError(place, null, "expected an object");
  const cells = value as Readonly<Record<string, unknown>>;
  if (!("qry" in cells) && !("pos_text" in cells)) return parseExample(cells, place);
  const unknown = Object.keys(cells).find((name) => !KNOWN_COLUMNS.includes(name));
  if (unknown !== undefined) throw unknownField(unknown, KNOWN_COLUMNS, place);
  return readPairCells(place.line, cells, (column, problem) => lineError(place, column, problem));
}

function parseExample(value: unknown, place: LinePlace): PairRow {
  const parsed = exampleSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    if (issue?.code === "unrecognized_keys") throw unknownField([...issue.path, issue.keys[0]].join("."), FIELDS, place);
    throw lineError(place, issue === undefined || issue.path.length === 0 ? null : issue.path.join("."), issue?.message ?? "it is wrong");
  }
  const { query, positive, hardNegatives = [], positiveKey, batch } = parsed.data;
  return {
    row: place.line,
    query: toSide(query),
    positives: (Array.isArray(positive) ? positive : [positive]).map(toSide),
    hardNegatives: hardNegatives.map(toSide),
    ...(positiveKey === undefined ? {} : { positiveKey: String(positiveKey) }),
    ...(batch === undefined ? {} : { batch }),
  };
}

function toSide({ text = "", image, instruction = "" }: z.output<typeof sideSchema>): PairSide {
  return { text, images: image === undefined ? [] : [image], parts: { instruction } };
}

function parseJson(text: string, place: LinePlace): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw lineError(place, null, `it is not JSON (${(error as Error).message})`);
  }
}

function unknownField(name: string, known: readonly string[], place: LinePlace): DataError {
  const near = nearestName(name, known);
  return lineError(place, name, `there is no such field${near === undefined ? "" : `; did you mean "${near}"?`}`);
}

function lineError({ file, line }: LinePlace, field: string | null, problem: string): DataError {
  const place = field === null ? "" : `, field "${field}"`;
  return new DataError({ message: `${file}, row ${line + 1}${place}: ${problem}`, details: { file, row: line + 1, field } });
}
