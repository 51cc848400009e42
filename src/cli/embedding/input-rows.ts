import { createReadStream } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { DataError } from "../../errors/families.ts";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import { asFileError } from "../../files/atomic-write.ts";
import { parseConfig } from "../../files/parse-config.ts";
import type { ModelInput } from "../../inputs/embedding-input.ts";

/** An input with its name and its place. */
export interface InputRow {
  /** Its `id`, or else its row as text. */
  readonly id: string;
  /** Where it stands, for messages: `in.jsonl, row 3`. */
  readonly place: string;
  /** Facts about the place, for errors: `file`, `row`. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly input: ModelInput;
}

/** JSON lines that are read. */
export interface RowSource {
  /** A path, or `-` for `stdin`. */
  readonly file: string;
  readonly stdin: NodeJS.ReadableStream;
  /** Told of a row that cannot be used; it goes on with the next unless this throws. */
  readonly onBad: (error: DataError) => void;
}

const id = z.union([z.string(), z.number()]).optional();
const imageFile = z.string().min(1);
const inputSchema = z.strictObject({
  id,
  text: z.string().optional(),
  image: imageFile.optional(),
  instruction: z.string().optional(),
});
const promptSchema = z.strictObject({ id, prompt: z.string(), images: z.array(imageFile).optional() });

const partSchema = z.union([
  z.strictObject({ type: z.literal("text"), text: z.string() }),
  z.strictObject({ type: z.literal("image"), image: imageFile }),
]);
const chatSchema = z.strictObject({
  id,
  messages: z.array(z.strictObject({ role: z.string().min(1), content: z.union([z.string(), z.array(partSchema)]) })).min(1),
  add_generation_prompt: z.boolean().optional(),
});

/**
 * Reads JSON lines of `{"id", "text", "image", "instruction"}`, all optional, or of `{"id", "prompt", "images"}` for prompts that are taken as they
 * stand, or of `{"id", "messages", "add_generation_prompt"}` for chats; image paths are relative to the file. Empty lines are passed over.
 * @throws {FileError} if the file cannot be read.
 */
export async function* readInputRows({ file, stdin, onBad }: RowSource): AsyncGenerator<InputRow> {
  const name = file === "-" ? "stdin" : file;
  const folder = file === "-" ? "." : dirname(file);
  const stream: NodeJS.ReadableStream = file === "-" ? stdin : createReadStream(file);
  let row = 0;
  for await (const line of linesOf(stream, name)) {
    row++;
    if (line.trim() === "") continue;
    const parsed = parseRow(line, { name, row, folder });
    if (parsed instanceof DataError) onBad(parsed);
    else yield parsed;
  }
}

/** The lines of a stream. @throws {FileError} if it fails: some versions of Node throw that from the loop, some only tell it by an event. */
async function* linesOf(stream: NodeJS.ReadableStream, name: string): AsyncGenerator<string> {
  let failure: unknown;
  stream.on("error", (error: Error) => {
    failure = error;
  });
  try {
    yield* createInterface({ input: stream, crlfDelay: Infinity });
  } catch (error) {
    failure ??= error;
  }
  if (failure !== undefined) throw asFileError(failure, name, "read");
}

interface RowPlace {
  readonly name: string;
  readonly row: number;
  readonly folder: string;
}

function parseRow(line: string, { name, row, folder }: RowPlace): InputRow | DataError {
  const place = `${name}, row ${row}`;
  const details = { file: name, row };
  try {
    const { id, input } = parseInput(JSON.parse(line), { place, folder });
    return { id: String(id ?? row), place, details, input };
  } catch (cause) {
    if (PolyvecError.isInstance(cause)) return new DataError({ message: cause.message, details: { ...cause.details, ...details }, cause });
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new DataError({ message: `${place} is not JSON: ${reason}; correct it, or leave it out with --skip-bad`, details, cause });
  }
}

/** @throws {ConfigError} naming the field. */
function parseInput(value: unknown, { place, folder }: { readonly place: string; readonly folder: string }): ParsedRow {
  const resolve = (file: string): string => (isAbsolute(file) ? file : join(folder, file));
  if (typeof value === "object" && value !== null && "prompt" in value) {
    const { id, prompt, images = [] } = parseConfig(promptSchema, value, { file: place });
    return { id, input: { prompt, images: images.map(resolve) } };
  }
  if (typeof value === "object" && value !== null && "messages" in value) {
    const { id, messages, add_generation_prompt: addGenerationPrompt } = parseConfig(chatSchema, value, { file: place });
    const resolved = messages.map(({ role, content }) => ({
      role,
      content:
        typeof content === "string"
          ? content
          : content.map((part) => (part.type === "image" ? { type: part.type, image: resolve(part.image) } : part)),
    }));
    return { id, input: { messages: resolved, ...(addGenerationPrompt === undefined ? {} : { addGenerationPrompt }) } };
  }
  const { id, text, image, instruction } = parseConfig(inputSchema, value, { file: place });
  const input = {
    ...(text === undefined ? {} : { text }),
    ...(image === undefined ? {} : { image: resolve(image) }),
    ...(instruction === undefined ? {} : { instruction }),
  };
  return { id, input };
}

interface ParsedRow {
  readonly id: string | number | undefined;
  readonly input: ModelInput;
}

const IMAGE_FILE = /\.(png|jpe?g|webp|gif|avif|tiff?|svg)$/i;

/** Inputs given on the command line: names of image files, and texts. */
export function rowsOfArguments(args: readonly string[]): InputRow[] {
  return args.map((argument, index) => ({
    id: argument,
    place: `argument ${index + 1}`,
    details: { argument },
    input: IMAGE_FILE.test(argument) ? { image: argument } : { text: argument },
  }));
}
