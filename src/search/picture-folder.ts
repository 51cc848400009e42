import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { FileError } from "../errors/families.ts";
import { asFileError } from "../files/atomic-write.ts";

/** A picture in a folder. */
export interface PictureFile {
  /** Relative to the folder, with `/`. */
  readonly file: string;
  /** Bytes. */
  readonly size: number;
  /** When it was last written, ms. */
  readonly modified: number;
  /** sha256 of its content, 32 hexadecimal digits. */
  readonly hash: string;
}

/** {@link PictureFile}s in JSON. */
export const pictureFilesSchema: z.ZodType<PictureFile[]> = z.array(
  z.strictObject({ file: z.string(), size: z.number(), modified: z.number(), hash: z.string() }),
);

const PICTURE = /\.(png|jpe?g|webp|gif|avif|tiff?|svg)$/i;

/**
 * The pictures of a folder and the folders in it, by name, with hashes of their content; hidden ones and `node_modules` are left out.
 * @param known what was found last time: a file of the same size and time is not read again.
 * @throws {FileError} if the folder cannot be read.
 */
export async function listPictures(folder: string, known: readonly PictureFile[] = []): Promise<PictureFile[]> {
  const before = new Map(known.map((picture) => [picture.file, picture]));
  const pictures: PictureFile[] = [];
  for await (const file of walk(folder, "")) {
    const { size, mtimeMs: modified } = await stat(join(folder, file)).catch((error: unknown) =>
      Promise.reject(asFileError(error, file, "read")),
    );
    const old = before.get(file);
    const isSame = old?.size === size && old.modified === modified;
    pictures.push(isSame ? old : { file, size, modified, hash: await hashFile(join(folder, file)) });
  }
  return pictures;
}

async function* walk(root: string, inside: string): AsyncGenerator<string> {
  const place = join(root, inside);
  const entries = await readdir(place, { withFileTypes: true }).catch((error: unknown) =>
    Promise.reject(asFileError(error, place, "read")),
  );
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
    const name = inside === "" ? entry.name : `${inside}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(root, name);
    else if (entry.isFile() && PICTURE.test(entry.name)) yield name;
  }
}

async function hashFile(file: string): Promise<string> {
  const content = await readFile(file).catch((error: unknown) => Promise.reject(asFileError(error, file, "read")));
  return createHash("sha256").update(content).digest("hex").slice(0, 32);
}

/** The error for a folder without a single picture. */
export function noPictures(folder: string): FileError {
  const message = `there are no pictures in ${folder} (PNG, JPEG, WebP, GIF, AVIF, TIFF, SVG); give a folder that holds some`;
  return new FileError({ message, details: { file: folder, errno: "ENOENT" } });
}
