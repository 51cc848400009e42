import type { Resolution } from "../../eval/mmeb/image-resolution.ts";
import { UsageError } from "../usage-error.ts";
import type { EmbedCommandOptions } from "./embed-command-options.ts";

/** The options of `polyvec embed --bench`. */
export interface BenchOptions extends EmbedCommandOptions {
  readonly images?: string | undefined;
  readonly datasets?: readonly string[] | undefined;
  readonly subset?: number | undefined;
  readonly embedder?: string | undefined;
  readonly prompts?: "reference" | "model" | undefined;
  readonly resolution?: Resolution | undefined;
  readonly missingImages?: "error" | "omit" | undefined;
  readonly cache?: string | undefined;
  readonly threads?: number | undefined;
}

/** Options that mean something with `--bench` only. */
const BENCH_ONLY = ["images", "datasets", "subset", "embedder", "prompts", "resolution", "missingImages", "cache", "threads"] as const;

/** @throws {UsageError} for options that do not go with `--bench`, or not without it. */
export function checkBench(
  bench: string | undefined,
  options: BenchOptions & { readonly dtype?: unknown; readonly skipBad?: unknown },
  args: readonly string[],
): void {
  const stray = BENCH_ONLY.find((name) => options[name] !== undefined);
  if (bench === undefined) {
    if (stray !== undefined) fail(`--${dashed(stray)} goes with --bench`, stray);
    return;
  }
  const other = (["input", "format", "instruction", "dimensions", "dtype", "skipBad"] as const).find((name) => options[name] !== undefined);
  if (other !== undefined) fail(`--${dashed(other)} is not for --bench; leave it out`, other);
  if (args.length > 0) fail("--bench embeds the benchmark's inputs; leave the others out", "inputs");
  if (options.output === "-") fail("--bench writes several files; name their folder with --output", "output");
  if (options.images === undefined) fail("--bench needs --images <path>, a folder, a zip, or a folder of zips", "images");
  if (options.paths === "none") fail("--paths none has no vectors of the model's own; give aggregate, single or all", "paths");
  if (options.path !== undefined && options.paths !== "single") fail("--path goes with --paths single", "path");
}

function dashed(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function fail(message: string, argument: string): never {
  throw new UsageError({ message, details: { argument: `--${dashed(argument)}` } });
}
