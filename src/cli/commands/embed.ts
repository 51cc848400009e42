import type { Embedder } from "../../embed/embedder.ts";
import type { EmbedOptions } from "../../embed/embed-options.ts";
import { defineCommand, type CommandContext, type CommandModule } from "../command-module.ts";
import { RESOLUTIONS } from "../../eval/mmeb/image-resolution.ts";
import { namesOption } from "../evaluation/mmeb/mmeb-options.ts";
import { BadRows } from "../embedding/bad-rows.ts";
import { checkBench } from "../embedding/bench-options.ts";
import { countLines } from "../embedding/count-lines.ts";
import { checkUsage, isHidden, toEmbedOptions, type EmbedCommandOptions } from "../embedding/embed-command-options.ts";
import { embedRows, type EmbedJob } from "../embedding/embed-rows.ts";
import type { EmbeddingWriter } from "../embedding/embedding-writer.ts";
import { readInputRows, rowsOfArguments } from "../embedding/input-rows.ts";
import { jsonLinesWriter, outputWriter } from "../embedding/json-lines-writer.ts";
import { parquetWriter } from "../embedding/parquet-writer.ts";
import { writeHidden } from "../embedding/write-hidden.ts";
import { oneOf, positiveInteger, wholeNumber } from "../option-values.ts";
import type { ProgressTask } from "../terminal/progress.ts";
import { showDownload } from "../terminal/show-download.ts";

/** `polyvec embed`: texts and images, given as arguments or as JSON lines, to JSON lines or Parquet of embeddings, or to hidden states. */
export const command: CommandModule = defineCommand({
  configure: (command) =>
    command
      .argument("[inputs...]", "texts and names of image files")
      .option(
        "--input <file>",
        'JSON lines of {"id", "text", "image", "instruction"}, {"id", "prompt", "images"} to be taken as they stand, or {"id", "messages"} for the chat template of the model; image paths relative to the file; - is stdin',
      )
      .option(
        "--output <file>",
        "file to write, .jsonl or .parquet; - is stdout; .safetensors, or the word hidden for stdout: the final hidden states of all tokens",
        "-",
      )
      .option("--format <name>", "jsonl or parquet; default by the output's name", oneOf("jsonl", "parquet"))
      .option("--model <folder>", "model folder, a model that ships, or one of the hub (org/name[@revision]); default emoji-mini")
      .option(
        "--paths <which>",
        "all: every path and the aggregate, which is the default; aggregate: only the latter; single: one path, at the cost of a single-path model; none: the bare backbone",
        oneOf("all", "aggregate", "single", "none"),
      )
      .option("--path <index>", "the path that single runs, from 0; default 0", wholeNumber)
      .option("--instruction <text>", "instruction of the inputs that have none")
      .option("--dimensions <count>", "keep the first so many numbers of each vector, brought to unit length again", positiveInteger)
      .option(
        "--dtype <name>",
        "stored: weights of signed bytes are multiplied as such, the default; f32: all are computed with in float32",
        oneOf("stored", "f32", "float32"),
      )
      .option("--batch-size <count>", "inputs that the model takes at a time; default 32", positiveInteger)
      .option("--skip-bad", "leave out rows that cannot be embedded, and count them")
      .option(
        "--bench <folder>",
        "MMEB's data, <dataset>/test-*.parquet: write what the reference's eval.py reads in place of computing, into the folder --output",
      ) // prettier-ignore
      .option("--images <path>", "bench: the images' root: a folder, a zip, or a folder of zips")
      .option("--datasets <names...>", "bench: only these of the 36; all that are there if not given", namesOption)
      .option("--subset <rows>", "bench: only the first so many rows of each dataset", positiveInteger)
      .option("--embedder <module>", "bench: a JavaScript module that exports embed(inputs), in place of a model")
      .option("--prompts <kind>", "bench: reference or model; default reference", oneOf("reference", "model"))
      .option("--resolution <size>", "bench: native, high, mid or low; default native", oneOf(...RESOLUTIONS))
      .option("--missing-images <what>", "bench: error or omit; default error", oneOf("error", "omit"))
      .option("--cache <folder>", "bench: where embeddings are kept; default ~/.cache/polyvec/embeddings")
      .option("--threads <count>", "bench: threads of the engine", positiveInteger),
  async run({ bench, ...options }, context, [args]) {
    checkBench(bench, options, args);
    if (bench !== undefined) {
      const { embedBench } = await import("../embedding/embed-bench.ts");
      return embedBench(bench, options, context);
    }
    checkUsage(options, args, context);
    const { loadModel } = await import("../../embed/load-model.ts");
    const computed = options.dtype === undefined || options.dtype === "stored" ? {} : { dtype: "float32" as const };
    await using model = await loadModel(options.model, { ...showDownload(context), ...computed });
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
    const embedOptions = { ...toEmbedOptions(options), signal: context.signal, onProgress };
    const job: EmbedJob = { model, rows, embedOptions, instruction: options.instruction, onBad: (error) => bad.take(error) };
    const write = isHidden(options) ? writeHidden : writeEmbeddings;
    const written = await write(job, options, context);
    task?.finish();
    await report(context, { model, options, written, skipped: bad.count, truncated });
  },
});

/** Writes embeddings as they come. @returns how many. */
async function writeEmbeddings(
  { model, rows, embedOptions, ...job }: EmbedJob,
  options: EmbedCommandOptions,
  context: CommandContext,
): Promise<number> {
  const writer = await openWriter(model, options, context);
  try {
    const written = await embedRows(rows, {
      ...job,
      async *run(inputs) {
        for await (const { index, embedding, error } of model.embedEach(inputs, embedOptions))
          yield error === undefined ? { index, value: embedding } : { index, error };
      },
      write: ({ id }, embedding) => writer.write({ id, embedding }),
    });
    await writer.finish();
    return written;
  } catch (error) {
    const left = await writer.abandon();
    if (left !== undefined) context.progress.note(left);
    throw error;
  }
}

async function openWriter(model: Embedder, options: EmbedCommandOptions, { out }: CommandContext): Promise<EmbeddingWriter> {
  const { output, format, paths = "all" } = options;
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
  readonly options: EmbedCommandOptions;
  readonly written: number;
  readonly skipped: number;
  readonly truncated: number;
}

async function report({ out, progress, json }: CommandContext, { model, options, written, skipped, truncated }: Summary): Promise<void> {
  const { output } = options;
  if (skipped > 0) progress.note(`${skipped} rows were skipped`);
  if (truncated > 0) progress.note(`${truncated} texts were cut to fit the model`);
  if (output === "-" || output === "hidden") return;
  if (json) await out.json({ output, count: written, skipped, truncated, model: model.name });
  else
    progress.note(isHidden(options) ? `the hidden states of ${written} inputs are in ${output}` : `${written} embeddings are in ${output}`);
}
