import { homedir } from "node:os";
import { join } from "node:path";
import type { Resolution } from "../../../eval/mmeb/image-resolution.ts";
import { parseShard, type Shard } from "../../../eval/mmeb/shard.ts";
import { UsageError } from "../../usage-error.ts";

/** What `polyvec eval --bench mmeb` is given. */
export interface MmebOptions {
  readonly data?: string | undefined;
  readonly images?: string | undefined;
  readonly datasets?: readonly string[] | undefined;
  readonly subset?: number | undefined;
  readonly embedder?: string | undefined;
  readonly prompts: "reference" | "model";
  readonly resolution: Resolution;
  readonly missingImages: "error" | "omit";
  readonly shard?: Shard | undefined;
  readonly cache?: string | undefined;
  readonly rehashImages?: true | undefined;
  readonly out?: string | undefined;
  readonly seed: number;
  readonly threads?: number | undefined;
  readonly batchSize?: number | undefined;
}

/** Reads `--shard 1/4`. @throws {UsageError} */
export function shardOption(text: string): Shard {
  try {
    return parseShard(text);
  } catch (cause) {
    throw new UsageError({ message: (cause as Error).message, details: { argument: text }, cause });
  }
}

/** Collects names, apart by commas or blanks. */
export function namesOption(text: string, others: readonly string[] = []): readonly string[] {
  return [...others, ...text.split(",").flatMap((name) => (name.trim() === "" ? [] : [name.trim()]))];
}

/** The folders of data and images. @throws {UsageError} if one was not given. */
export function requireFolders({ data, images }: MmebOptions): { readonly data: string; readonly images: string } {
  const missing = data === undefined ? "--data <folder>, which holds a folder for each dataset" : images === undefined ? "--images <path>, a folder, a zip, or a folder of zips" : undefined; // prettier-ignore
  if (data !== undefined && images !== undefined) return { data, images };
  throw new UsageError({
    message: `--bench mmeb needs ${missing ?? ""}`,
    details: { argument: data === undefined ? "--data" : "--images" },
  });
}

/** Where embeddings are kept if nothing is said: for all runs of one user. */
export function defaultCache(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const base = environment["XDG_CACHE_HOME"];
  return join(base === undefined || base === "" ? join(homedir(), ".cache") : base, "polyvec", "embeddings");
}
