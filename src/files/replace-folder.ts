import { randomUUID } from "node:crypto";
import { cp, mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { FileError } from "../errors/families.ts";
import { asFileError } from "./atomic-write.ts";

/** How {@link replaceFolder} treats what is there already. */
export interface ReplaceFolderOptions {
  /** A file that marks the folder as one of this kind: a folder that has files but not this one is not touched. */
  readonly marker: string;
  /** Entries that belong to this kind of folder: those of the old folder vanish, all others are taken over. */
  readonly owned: readonly string[];
}

/**
 * Writes a folder so that it is either wholly the new one or wholly the old one: `fill` writes into a folder beside it, which then takes its name.
 * @throws {FileError} if the place is taken by something else, or cannot be written; nothing is left behind then.
 */
export async function replaceFolder(path: string, options: ReplaceFolderOptions, fill: (folder: string) => Promise<void>): Promise<void> {
  const target = resolve(path);
  const old = await entriesOf(target);
  if (old !== undefined && old.length > 0 && !old.includes(options.marker)) throw takenError(path, options.marker);
  const mark = `.${basename(target)}.${randomUUID()}`;
  const [fresh, retired] = [join(dirname(target), `${mark}.tmp`), join(dirname(target), `${mark}.old`)];
  try {
    await mkdir(fresh, { recursive: true });
    await fill(fresh);
    for (const entry of old ?? []) {
      if (!options.owned.includes(entry)) await cp(join(target, entry), join(fresh, entry), { recursive: true, force: false });
    }
    if (old !== undefined) await rename(target, retired);
    await rename(fresh, target).catch(async (error: unknown) => {
      if (old !== undefined) await rename(retired, target);
      throw error;
    });
  } catch (error) {
    await rm(fresh, { recursive: true, force: true }).catch(() => undefined);
    throw asFileError(error, path, "write");
  }
  await rm(retired, { recursive: true, force: true }).catch(() => undefined);
}

/** The names in a folder; undefined if there is no such folder. @throws {FileError} if it is a file. */
async function entriesOf(folder: string): Promise<string[] | undefined> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw asFileError(error, folder, "write");
  });
}

function takenError(path: string, marker: string): FileError {
  const message = `cannot write ${path}: the folder holds other files and no ${marker}; choose another folder or empty it first`;
  return new FileError({ message, details: { file: path, errno: "ENOTEMPTY" } });
}
