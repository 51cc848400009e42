import { createReadStream } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { DataError } from "../errors/families.ts";
import { asFileError } from "../files/atomic-write.ts";
import { nearestName } from "../files/nearest-name.ts";
import type { EmbeddingInput } from "../inputs/embedding-input.ts";

/** A line of a file of inputs. */
export interface ExampleRow {
  /** Line number, from 1. */
  readonly row: number;
  /** The line's `id`, else its number. */
  readonly id: string;
  /** Paths of images are absolute. */
  readonly input: EmbeddingInput;
}

/** A line of a file of training examples. */
export interface TrainingRow {
  /** Line number, from 1. */
  readonly row: number;
  readonly id: string;
  readonly query: EmbeddingInput;
  readonly positive: EmbeddingInput;
  readonly hardNegatives: readonly EmbeddingInput[];
  /** Rows with the same key answer each other's query; the row's own number if not given. */
  readonly positiveKey: string;
}

/** How lines are read. */
export interface ReadExamplesOptions {
  /** Called with each wrong line, which is then left out; without it the first wrong line ends the reading. */
  readonly onBadRow?: (error: DataError) => void;
}

/** Where lines come from: a file, or lines read elsewhere, with the name errors give them and the folder image paths start from. */
export type ExampleSource =
  string | { readonly lines: AsyncIterable<string> | Iterable<string>; readonly name: string; readonly folder: string };

const idSchema = z.union([z.string().min(1), z.number()]).optional();
const words = z.string().refine((text) => text.trim() !== "", "it is empty; write some text or leave the field out");
const inputFields = { text: words.optional(), image: words.optional(), instruction: words.optional() };
const NEITHER = "neither text nor image is given; give at least one of them";

const inputSchema = z.strictObject(inputFields).refine((input) => input.text !== undefined || input.image !== undefined, NEITHER);
const rowSchema = z
  .strictObject({ id: idSchema, ...inputFields })
  .refine((row) => row.text !== undefined || row.image !== undefined, NEITHER);
const trainingSchema = z.strictObject({
  id: idSchema,
  query: inputSchema,
  positive: inputSchema,
  hardNegatives: z.array(inputSchema).optional(),
  positiveKey: z.union([z.string(), z.number()]).optional(),
});

/**
 * Reads inputs to embed from JSON lines: `{"id"?, "text"?, "image"?, "instruction"?}`, at least one of text and image, the image a path, relative
 * to the file's folder. Empty lines are passed over. Lines are read as they are asked for, so files may be larger than memory.
 * @throws {DataError} that names the file, the row and the field of the first wrong line. @throws {FileError} if the file cannot be read.
 */
export async function* readExamples(source: ExampleSource, options: ReadExamplesOptions = {}): AsyncGenerator<ExampleRow> {
  const { folder, name, lines } = openSource(source);
  for await (const { row, value } of parseLines(lines, name, rowSchema, options)) {
    yield { row, id: String(value.id ?? row), input: toInput(value, folder) };
  }
}

/**
 * Reads training examples from JSON lines: `{"id"?, "query": {...}, "positive": {...}, "hardNegatives"?: [...], "positiveKey"?}`, where each
 * `{...}` is `{"text"?, "image"?, "instruction"?}`.
 * @throws as {@link readExamples}.
 */
export async function* readTrainingExamples(source: ExampleSource, options: ReadExamplesOptions = {}): AsyncGenerator<TrainingRow> {
  const { folder, name, lines } = openSource(source);
  for await (const { row, value } of parseLines(lines, name, trainingSchema, options)) {
    yield {
      row,
      id: String(value.id ?? row),
      query: toInput(value.query, folder),
      positive: toInput(value.positive, folder),
      hardNegatives: (value.hardNegatives ?? []).map((input) => toInput(input, folder)),
      positiveKey: String(value.positiveKey ?? `row ${row}`),
    };
  }
}

function openSource(source: ExampleSource): Exclude<ExampleSource, string> {
  if (typeof source !== "string") return source;
  return { lines: readLines(source), name: source, folder: dirname(resolve(source)) };
}

async function* readLines(file: string): AsyncGenerator<string> {
  const stream = createReadStream(file, "utf8");
  try {
    yield* createInterface({ input: stream, crlfDelay: Infinity });
  } catch (error) {
    throw asFileError(error, file, "read");
  } finally {
    stream.destroy();
  }
}

async function* parseLines<Value>(
  lines: AsyncIterable<string> | Iterable<string>,
  name: string,
  schema: z.ZodType<Value>,
  { onBadRow }: ReadExamplesOptions,
): AsyncGenerator<{ readonly row: number; readonly value: Value }> {
  let row = 0;
  for await (const line of lines) {
    row++;
    const text = row === 1 ? line.replace(/^\uFEFF/, "") : line;
    if (text.trim() === "") continue;
    const value = parseLine(text, schema);
    if (value.success) yield { row, value: value.data };
    else if (onBadRow === undefined) throw rowError(name, row, value);
    else onBadRow(rowError(name, row, value));
  }
}

type ParsedLine<Value> = { readonly success: true; readonly data: Value } | BadLine;
interface BadLine {
  readonly success: false;
  readonly field: string | undefined;
  readonly problem: string;
}

function parseLine<Value>(line: string, schema: z.ZodType<Value>): ParsedLine<Value> {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    return { success: false, field: undefined, problem: `it is not JSON (${(error as Error).message})` };
  }
  const parsed = schema.safeParse(json);
  return parsed.success ? { success: true, data: parsed.data } : badLine(parsed.error.issues[0]);
}

const FIELDS = ["id", "text", "image", "instruction", "query", "positive", "hardNegatives", "positiveKey"];

function badLine(issue: z.core.$ZodIssue | undefined): BadLine {
  const path = (issue?.path ?? []).map(String);
  if (issue?.code !== "unrecognized_keys")
    return { success: false, field: path.join(".") || undefined, problem: issue?.message ?? "it is wrong" };
  const key = issue.keys[0] ?? "";
  const meant = nearestName(key, FIELDS);
  return {
    success: false,
    field: [...path, key].join("."),
    problem: `there is no such field${meant === undefined ? "" : `; did you mean "${meant}"?`}`,
  };
}

function rowError(file: string, row: number, { field, problem }: BadLine): DataError {
  const place = field === undefined ? "" : `, field "${field}"`;
  return new DataError({ message: `${file}, row ${row}${place}: ${problem}`, details: { file, row, field: field ?? null } });
}

function toInput({ text, image, instruction }: z.infer<typeof inputSchema>, folder: string): EmbeddingInput {
  return {
    ...(image === undefined ? {} : { image: isAbsolute(image) || /^[a-z]+:\/\//i.test(image) ? image : resolve(folder, image) }),
    ...(text === undefined ? {} : { text }),
    ...(instruction === undefined ? {} : { instruction }),
  };
}
