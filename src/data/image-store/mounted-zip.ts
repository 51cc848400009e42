import { basename } from "node:path";
import { ZipArchive } from "./zip-archive.ts";

/** An archive, and where in the tree of images its files lie. */
export class MountedZip {
  readonly file: string;
  /** Its name without folder and `.zip`: `A-OKVQA`. */
  readonly name: string;
  readonly #mounts: readonly string[];
  #archive: Promise<ZipArchive> | undefined;
  #top: string | undefined;

  /** @param folder where the archive lies below the root, with a slash at the end; "" if at the root itself. */
  constructor(file: string, folder: string) {
    this.file = file;
    this.name = basename(file).replace(/\.zip$/i, "");
    const places = ["", folder, "images/"];
    this.#mounts = [...new Set([...places, ...places.map((place) => `${place}${this.name}/`)])];
  }

  /** The archive, opened at the first call. */
  async archive(): Promise<ZipArchive> {
    this.#archive ??= ZipArchive.open(this.file).then((archive) => {
      this.#top = commonFolder(archive.names());
      return archive;
    });
    return this.#archive;
  }

  /**
   * The entry that a path of the unpacked tree means: the archive may have been meant for the root, for the folder it lies in, for `images/`, or
   * for a folder of its own name in one of these, and may hold everything in one folder more. The first that is there is taken.
   */
  async find(path: string): Promise<{ readonly archive: ZipArchive; readonly entry: string } | undefined> {
    const archive = await this.archive();
    for (const mount of this.#mounts) {
      if (!path.startsWith(mount)) continue;
      const rest = path.slice(mount.length);
      const entry = [rest, ...(this.#top === undefined ? [] : [this.#top + rest])].find((name) => archive.has(name));
      if (entry !== undefined) return { archive, entry };
    }
    return undefined;
  }

  /** Whether a path is likely to be in it: one of its folders is called as the archive. */
  isLikely(path: string): boolean {
    return path.split("/").slice(0, -1).includes(this.name);
  }

  async dispose(): Promise<void> {
    const archive = await this.#archive?.catch(() => undefined);
    await archive?.dispose();
  }
}

/** The folder in which all files lie, with its slash; undefined if there is none. */
function commonFolder(names: Iterable<string>): string | undefined {
  let folder: string | undefined;
  for (const name of names) {
    const own = name.slice(0, name.indexOf("/") + 1);
    if (own === "" || (folder !== undefined && own !== folder)) return undefined;
    folder = own;
  }
  return folder;
}
