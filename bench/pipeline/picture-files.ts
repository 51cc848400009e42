import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { writeZip } from "../../test/support/write-zip.ts";

/** A set of picture files. */
export interface PictureSet {
  readonly format: "png" | "jpeg";
  /** Pixels on a side. */
  readonly side: number;
  readonly count: number;
  /** Whether they are read out of a zip archive; out of a folder if not. */
  readonly zipped?: true;
}

/** Where a set lies. */
export interface PictureFiles {
  /** A folder or an archive. */
  readonly root: string;
  /** Paths below it. */
  readonly paths: readonly string[];
  /** Bytes of a file, on average. */
  readonly bytes: number;
}

/** Writes a set of pictures beneath a folder: smooth colours with grain, which compress about as photographs do. */
export async function writePictures(folder: string, { format, side, count, zipped }: PictureSet): Promise<PictureFiles> {
  const paths = Array.from({ length: count }, (_, seed) => `${seed}.${format}`);
  const files = await Promise.all(paths.map((path, seed) => photograph(seed, side, format).then((bytes) => [path, bytes] as const)));
  const bytes = files.reduce((sum, [, { length }]) => sum + length, 0) / count;
  await mkdir(folder, { recursive: true });
  if (zipped === true) {
    const root = join(folder, "pictures.zip");
    await writeZip(root, Object.fromEntries(files), { compress: false });
    return { root, paths, bytes };
  }
  for (const [path, content] of files) await writeFile(join(folder, path), content);
  return { root: folder, paths, bytes };
}

/** Numbers of a coarse picture on a side, which the colours of a whole one lie between. */
const COARSE = 12;
/** How far grain goes, of 256. */
const GRAIN = 24;

async function photograph(seed: number, side: number, format: PictureSet["format"]): Promise<Buffer> {
  const coarse = Uint8Array.from({ length: COARSE * COARSE * 3 }, (_, at) => noise(at, seed) % (256 - GRAIN));
  const colours = sharp(coarse, { raw: { width: COARSE, height: COARSE, channels: 3 } }).resize(side, side, { kernel: "cubic" });
  const data = Uint8Array.from(await colours.removeAlpha().raw().toBuffer(), (value, at) => value + (noise(at, seed + 1) % GRAIN));
  const whole = sharp(data, { raw: { width: side, height: side, channels: 3 } });
  return format === "png" ? whole.png().toBuffer() : whole.jpeg({ quality: 85 }).toBuffer();
}

/** A number that looks like chance, of a place and a seed. */
function noise(at: number, seed: number): number {
  const mixed = Math.imul(at + 1, 2654435761) ^ Math.imul(seed + 1, 2246822519);
  return (Math.imul(mixed ^ (mixed >>> 15), 3266489917) >>> 16) & 0xffff;
}
