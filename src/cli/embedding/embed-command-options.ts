import type { EmbedOptions } from "../../embed/embed-options.ts";
import type { CommandContext } from "../command-module.ts";
import { UsageError } from "../usage-error.ts";

/** The options of `polyvec embed`. */
export interface EmbedCommandOptions {
  readonly model?: string | undefined;
  readonly input?: string | undefined;
  readonly output: string;
  readonly format?: "jsonl" | "parquet" | undefined;
  readonly paths?: NonNullable<EmbedOptions["paths"]> | undefined;
  readonly path?: number | undefined;
  readonly instruction?: string | undefined;
  readonly dimensions?: number | undefined;
  readonly batchSize?: number | undefined;
}

/** Whether hidden states are asked for, and not embeddings. */
export function isHidden({ output }: Pick<EmbedCommandOptions, "output">): boolean {
  return output === "hidden" || output.endsWith(".safetensors");
}

/** @throws {UsageError} for options that do not go with each other. */
export function checkUsage(options: EmbedCommandOptions, args: readonly string[], { json }: Pick<CommandContext, "json">): void {
  const { input, output, format, path, paths } = options;
  if (input !== undefined && args.length > 0) fail("give inputs as arguments or with --input, not both");
  if (input === undefined && args.length === 0 && process.stdin.isTTY) {
    fail('there is nothing to embed: give texts or images ("happy cat" photo.png), or --input in.jsonl');
  }
  if (output === "-" && format === "parquet") fail("Parquet is not written to stdout; give a file with --output");
  if (path !== undefined && paths !== "single") fail("--path goes with --paths single");
  if (isHidden(options)) checkHidden(options, json);
}

function checkHidden({ output, format, paths = "none", dimensions }: EmbedCommandOptions, json: boolean): void {
  if (paths !== "none") fail("hidden states are those of the bare backbone; leave --paths out, or give --paths none");
  if (format !== undefined) fail("hidden states are written as safetensors; leave --format out");
  if (dimensions !== undefined) fail("hidden states are written whole; leave --dimensions out");
  if (output !== "hidden") return;
  if (json) fail("--json and --output hidden both write to stdout; give a file with --output hidden.safetensors");
  if (process.stdout.isTTY) fail("hidden states are not written to a terminal; give a file with --output hidden.safetensors");
}

function fail(message: string): never {
  throw new UsageError({ message });
}

/** What the library is asked for. */
export function toEmbedOptions({ paths, path, dimensions, batchSize }: EmbedCommandOptions): EmbedOptions {
  return {
    ...(paths === undefined ? {} : { paths }),
    ...(path === undefined ? {} : { pathIndices: [path] }),
    ...(dimensions === undefined ? {} : { dimensions }),
    ...(batchSize === undefined ? {} : { batchSize }),
  };
}
