import type { Embedder } from "../../embed/embedder.ts";
import type { EmbedOptions } from "../../embed/embed-options.ts";
import { defineCommand, type CommandContext, type CommandModule } from "../command-module.ts";
import { BadRows } from "../embedding/bad-rows.ts";
import { countLines } from "../embedding/count-lines.ts";
import { embedRows } from "../embedding/embed-rows.ts";
import type { EmbeddingWriter } from "../embedding/embedding-writer.ts";
import { readInputRows, rowsOfArguments } from "../embedding/input-rows.ts";
import { jsonLinesWriter, outputWriter } from "../embedding/json-lines-writer.ts";
import { parquetWriter } from "../embedding/parquet-writer.ts";
import { oneOf, positiveInteger, wholeNumber } from "../option-values.ts";
import type { ProgressTask } from "../terminal/progress.ts";
import { showDownload } from "../terminal/show-download.ts";
import { UsageError } from "../usage-error.ts";

interface Options {
  readonly model?: string | undefined;
  readonly input?: string | undefined;
  readonly output: string;
  readonly format?: "jsonl" | "parquet" | undefined;
  readonly paths: "single" | "aggregate" | "all" | "none";
  readonly path?: number | undefined;
  readonly instruction?: string | undefined;
  readonly dimensions?: number | undefined;
  readonly batchSize?: number | undefined;
}

/** `polyvec embed`: texts and images, given as arguments or as JSON lines, to JSON lines or Parquet of embeddings. */
export const command: CommandModule = defineCommand({
  configure: (command) =>
    command
      .argument("[inputs...]", "texts and names of image files")
      .option("--input <file>", 'JSON lines of {"id", "text", "image", "instruction"}, image paths relative to the file; - is stdin')
      .option("--output <file>", "file to write, .jsonl or .parquet; - is stdout", "-")
      .option("--format <name>", "jsonl or parquet; default by the output's name", oneOf("jsonl", "parquet"))
      .option("--model <folder>", "model folder, a model that ships, or one of the hub (org/name[@revision]); default emoji-mini")
      .option(
        "--paths <which>",
        "all: every path and the aggregate; aggregate or none: only the aggregate; single: one path, at the cost of a single-path model",
        oneOf("all", "aggregate", "single", "none"),
        "all",
      )
      .option("--path <index>", "the path that single runs, from 0; default 0", wholeNumber)
      .option("--instruction <text>", "instruction of the inputs that have none")
      .option("--dimensions <count>", "keep the first so many numbers of each vector, brought to unit length again", positiveInteger)
      .option("--batch-size <count>", "inputs that the model takes at a time; default 32", positiveInteger)
      .option("--skip-bad", "leave out rows that cannot be embedded, and count them"),
  async run(options, context, [args]) {
    checkUsage(options, args);
    const { loadModel } = await import("../../embed/load-model.ts");
    await using model = await loadModel(options.model, showDownload(context));
    const writer = await openWriter(model, options, context);
    const bad = new BadRows(context.progress, options.skipBad === true);
    const input = options.input ?? "-";
    const rows =
      args.length > 0 ? rowsOfArguments(args) : readInputRows({ file: input, stdin: process.stdin, onBad: (error) => bad.take(error) });
    const task = args.length > 0 || input === "-" ? undefined : startTask(context, await countLines(input));
    let truncated = 0;
    const onProgress: EmbedOptions["onProgress"] = (progress) => {
      truncated = progress.truncated;
      task?.update({ done: progress.done });
    };
    try {
      const embedOptions = { ...toEmbedOptions(options), instruction: options.instruction, signal: context.signal, onProgress };
      const written = await embedRows(model, rows, { ...embedOptions, writer, onBad: (error) => bad.take(error) });
      await writer.finish();
      task?.finish();
      await report(context, { model, options, written, skipped: bad.count, truncated });
    } catch (error) {
      const left = await writer.abandon();
      if (left !== undefined) context.progress.note(left);
      throw error;
    }
  },
});

function checkUsage({ input, output, format, path, paths }: Options, args: readonly string[]): void {
  const fail = (message: string): never => {
    throw new UsageError({ message });
  };
  if (input !== undefined && args.length > 0) fail("give inputs as arguments or with --input, not both");
  if (input === undefined && args.length === 0 && process.stdin.isTTY) {
    fail('there is nothing to embed: give texts or images ("happy cat" photo.png), or --input in.jsonl');
  }
  if (output === "-" && format === "parquet") fail("Parquet is not written to stdout; give a file with --output");
  if (path !== undefined && paths !== "single") fail("--path goes with --paths single");
}

function toEmbedOptions({ paths, path, dimensions, batchSize }: Options): EmbedOptions {
  return {
    paths: paths === "none" ? "aggregate" : paths,
    ...(path === undefined ? {} : { pathIndices: [path] }),
    ...(dimensions === undefined ? {} : { dimensions }),
    ...(batchSize === undefined ? {} : { batchSize }),
  };
}

async function openWriter(model: Embedder, { output, format, paths }: Options, { out }: CommandContext): Promise<EmbeddingWriter> {
  if (output === "-") return outputWriter(out);
  const isParquet = (format ?? (output.endsWith(".parquet") ? "parquet" : "jsonl")) === "parquet";
  if (!isParquet) return jsonLinesWriter(output);
  const pathCount = paths === "all" ? model.pathCount : paths === "single" ? 1 : 0;
  return parquetWriter(output, { pathCount, metadata: { "polyvec.model": model.name } });
}

/** Progress, where it is known how much there is to do. */
function startTask({ progress }: CommandContext, total: number | undefined): ProgressTask | undefined {
  return total === undefined ? undefined : progress.task({ label: "embed", total, unit: "inputs", itemUnit: "inputs" });
}

interface Summary {
  readonly model: Embedder;
  readonly options: Options;
  readonly written: number;
  readonly skipped: number;
  readonly truncated: number;
}

async function report({ out, progress, json }: CommandContext, { model, options, written, skipped, truncated }: Summary): Promise<void> {
  const { output } = options;
  if (skipped > 0) progress.note(`${skipped} rows were skipped`);
  if (truncated > 0) progress.note(`${truncated} texts were cut to fit the model`);
  if (output === "-") return;
  if (json) await out.json({ output, count: written, skipped, truncated, model: model.name });
  else progress.note(`${written} embeddings are in ${output}`);
}
