import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import sharp from "sharp";
import { z } from "zod";
import { AbortedError, DataError } from "../../errors/families.ts";
import { writeFileAtomic, writeJsonAtomic } from "../../files/atomic-write.ts";
import type { RawImage } from "../../inputs/embedding-input.ts";
import { renderPicture, type PictureSource } from "./render-picture.ts";

/** Raised when the way pictures are drawn or stored changes, so that old caches are not read. */
const FORMAT = 2;
/** A picture whose every value is above this shows nothing on white. */
const BLANK = 245;
/** Renders in flight at once. */
const CONCURRENCY = 8;

/** A picture to be drawn: `key` names it within its cache. */
export interface PictureRequest {
  readonly key: string;
  readonly source: PictureSource;
}

/** What was drawn of how many, for a progress bar. */
export interface PictureProgress {
  readonly done: number;
  readonly total: number;
}

/** What is to be drawn, and what was left out before drawing. */
export interface PicturePlan {
  readonly requests: readonly PictureRequest[];
  readonly skipped: readonly SkippedPicture[];
}

/** How pictures are drawn and kept. */
export interface PictureCacheOptions {
  /** Pixels on each side; 64 if not given. */
  readonly size?: number;
  /** Where drawn pictures are kept; the environment variable POLYVEC_CACHE, or `.cache/polyvec` in the working directory, if not given. */
  readonly cacheFolder?: string;
  /** Called while pictures are drawn; not called when they come from the cache. */
  readonly onProgress?: (progress: PictureProgress) => void;
  /** Stops the drawing. */
  readonly signal?: AbortSignal;
}

/** A row that was left out, and why. */
export interface SkippedPicture {
  readonly key: string;
  readonly reason: string;
}

/** Drawn pictures: all pixels in one block, handed out as views. */
export interface PictureStore {
  /** Pixels on each side. */
  readonly size: number;
  readonly keys: readonly string[];
  readonly skipped: readonly SkippedPicture[];
  /** [size, size, 3] uint8 on white, a view into the block. */
  image(index: number): RawImage;
  /** [size, size] uint8 opacity, a view into the block. */
  alpha(index: number): Uint8Array;
}

const indexSchema = z.object({
  size: z.number(),
  keys: z.array(z.string()),
  skipped: z.array(z.object({ key: z.string(), reason: z.string() })),
});
type CacheIndex = z.infer<typeof indexSchema>;

/**
 * Draws pictures once and keeps them on disk: `<name>-<hash>.bin`, all pixels `[count, size, size, 3]` and then all opacities
 * `[count, size, size]`, uint8, and `<name>-<hash>.json`, their keys. The hash covers the format, the size, the versions of everything that drew
 * (`versions`), so an update draws anew. Both files are written whole or not at all; a missing or short one is made again.
 * @param plan asked for only when there is no cache.
 * @throws {FileError} if the folder cannot be written. @throws {AbortedError} when `signal` fires.
 */
export async function loadPictures(
  name: string,
  versions: readonly string[],
  plan: () => Promise<PicturePlan>,
  options: PictureCacheOptions = {},
): Promise<PictureStore> {
  const size = options.size ?? 64;
  const folder = resolve(options.cacheFolder ?? process.env["POLYVEC_CACHE"] ?? join(".cache", "polyvec"));
  const key = createHash("sha256")
    .update(JSON.stringify([FORMAT, size, sharp.versions, versions]))
    .digest("hex")
    .slice(0, 16);
  const files = { index: join(folder, `${name}-${key}.json`), pixels: join(folder, `${name}-${key}.bin`) };
  return (await readCache(files)) ?? (await drawAll(await plan(), size, files, options));
}

interface CacheFiles {
  readonly index: string;
  readonly pixels: string;
}

/** undefined if there is no cache, or it is not whole: then it is made again. */
async function readCache(files: CacheFiles): Promise<PictureStore | undefined> {
  try {
    const index = indexSchema.parse(JSON.parse(await readFile(files.index, "utf8")));
    const { buffer, byteOffset, byteLength } = await readFile(files.pixels);
    const pixels = new Uint8Array(buffer, byteOffset, byteLength);
    return pixels.length === index.keys.length * index.size ** 2 * 4 ? new PixelBlock(index, pixels) : undefined;
  } catch {
    return undefined;
  }
}

async function drawAll(
  { requests, skipped }: PicturePlan,
  size: number,
  files: CacheFiles,
  options: PictureCacheOptions,
): Promise<PictureStore> {
  const area = size * size;
  const drawn: (string | undefined)[] = requests.map(() => undefined);
  const pixels = new Uint8Array(requests.length * area * 4);
  const failed: SkippedPicture[] = [];
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < requests.length; index = next++) {
      throwIfAborted(options.signal);
      const request = requests[index] as PictureRequest;
      try {
        const { rgb, alpha } = await renderPicture(request.source, size);
        if (rgb.every((value) => value > BLANK)) throw new DataError({ message: "nothing is to be seen on white" });
        pixels.set(rgb, index * area * 3);
        pixels.set(alpha, requests.length * area * 3 + index * area);
        drawn[index] = request.key;
      } catch (error) {
        failed.push({ key: request.key, reason: `cannot be drawn: ${(error as Error).message.split("\n")[0]}` });
      }
      options.onProgress?.({ done: ++done, total: requests.length });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  const keys = drawn.filter((key) => key !== undefined);
  failed.sort((left, right) => (left.key < right.key ? -1 : 1));
  const block = new PixelBlock(
    { size, keys, skipped: [...skipped, ...failed] },
    keys.length === requests.length ? pixels : withoutGaps(pixels, drawn, area),
  );
  await writeFileAtomic(files.pixels, block.pixels);
  await writeJsonAtomic(files.index, block.index);
  return block;
}

/** The block without the places of pictures that could not be drawn. */
function withoutGaps(pixels: Uint8Array, drawn: readonly (string | undefined)[], area: number): Uint8Array {
  const kept = drawn.flatMap((key, index) => (key === undefined ? [] : [index]));
  const packed = new Uint8Array(kept.length * area * 4);
  for (const [place, index] of kept.entries()) {
    packed.set(pixels.subarray(index * area * 3, (index + 1) * area * 3), place * area * 3);
    const alphas = drawn.length * area * 3;
    packed.set(pixels.subarray(alphas + index * area, alphas + (index + 1) * area), kept.length * area * 3 + place * area);
  }
  return packed;
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new AbortedError({ message: "drawing the pictures was stopped; run the same command again", cause: signal.reason });
}

class PixelBlock implements PictureStore {
  readonly index: CacheIndex;
  readonly pixels: Uint8Array;

  constructor(index: CacheIndex, pixels: Uint8Array) {
    this.index = index;
    this.pixels = pixels;
  }

  get size(): number {
    return this.index.size;
  }

  get keys(): readonly string[] {
    return this.index.keys;
  }

  get skipped(): readonly SkippedPicture[] {
    return this.index.skipped;
  }

  image(index: number): RawImage {
    const bytes = this.size ** 2 * 3;
    return { width: this.size, height: this.size, data: this.pixels.subarray(index * bytes, (index + 1) * bytes) };
  }

  alpha(index: number): Uint8Array {
    const area = this.size ** 2;
    const start = this.keys.length * area * 3 + index * area;
    return this.pixels.subarray(start, start + area);
  }
}
