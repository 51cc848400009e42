import { ConfigError } from "../errors/families.ts";
import type { PolyvecConfig } from "../model/folder/polyvec-config.ts";

/** The embedding of one input, all vectors of unit length. */
export interface Embedding {
  /** [D] float32. */
  readonly aggregate: Float32Array;
  /** N vectors of [D] float32; none where only the aggregate was asked for. */
  readonly paths: readonly Float32Array[];
}

/** How far embedding is. */
export interface EmbedProgress {
  /** Inputs done. */
  readonly done: number;
  /** Inputs in all; undefined for a stream. */
  readonly total: number | undefined;
  /** Inputs whose text was cut to fit the model. */
  readonly truncated: number;
}

/** How inputs are embedded. */
export interface EmbedOptions {
  /**
   * `all` (default): every path and their aggregate. `aggregate`: only the latter. `single`: one path is run, for the cost of a single-path model;
   * the aggregate is that path's vector. `none`: the bare backbone is run, without any path; the aggregate is its last token's final hidden state.
   */
  readonly paths?: "all" | "aggregate" | "single" | "none";
  /** Which paths are run, from 0; all, or the first for `single`, if not given. The aggregate is then made of these. */
  readonly pathIndices?: readonly number[];
  /** Keeps the first so many numbers of each vector and brings it to unit length again. Good only where a model was trained for it. */
  readonly dimensions?: number;
  /** Inputs that the model takes at a time; 32 if not given. */
  readonly batchSize?: number;
  /** Stops between two batches. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch. */
  readonly onProgress?: ((progress: EmbedProgress) => void) | undefined;
}

/** {@link EmbedOptions} with every choice made. */
export interface ResolvedEmbedOptions {
  readonly keepPaths: boolean;
  /** undefined for the bare backbone. */
  readonly pathIndices: readonly number[] | undefined;
  readonly dimensions: number;
  readonly batchSize: number;
}

const BATCH_SIZE = 32;

const KINDS: ReadonlySet<string> = new Set<NonNullable<EmbedOptions["paths"]>>(["all", "aggregate", "single", "none"]);

/** Fills in what was not said. @param hiddenSize the most dimensions. @throws {ConfigError} naming the option, what it is and what was expected. */
export function resolveEmbedOptions(options: EmbedOptions, { paths: { count } }: PolyvecConfig, hiddenSize: number): ResolvedEmbedOptions {
  const { paths = "all", dimensions = hiddenSize, batchSize = BATCH_SIZE } = options;
  const all = Array.from({ length: count }, (_, index) => index);
  const pathIndices = paths === "none" ? options.pathIndices : (options.pathIndices ?? (paths === "single" ? [0] : all));
  check("paths", paths, ["all, aggregate, single or none", KINDS.has(paths)]);
  check("pathIndices", pathIndices, ["nothing with paths: none", paths !== "none" || pathIndices === undefined]);
  check("pathIndices", pathIndices, ["one path with paths: single", paths !== "single" || pathIndices?.length === 1]);
  check("dimensions", dimensions, [`a whole number from 1 to ${hiddenSize}`, isWhole(dimensions) && dimensions <= hiddenSize]);
  check("batchSize", batchSize, ["a whole number above 0", isWhole(batchSize)]);
  return { keepPaths: paths === "all" || paths === "single", pathIndices, dimensions, batchSize };
}

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

function check(field: string, got: unknown, [expected, holds]: readonly [string, boolean]): void {
  if (holds) return;
  throw new ConfigError({
    message: `embed option ${field}: got ${JSON.stringify(got)}, expected ${expected}`,
    details: { field, got, expected },
  });
}
