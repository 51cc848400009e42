import { readdir, readFile, stat } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { DataError } from "../../errors/families.ts";
import { asFileError } from "../../files/atomic-write.ts";
import type { StoredImage, StoredPlace } from "../../inputs/embedding-input.ts";
import { MountedZip } from "./mounted-zip.ts";
import { fileState, type StoredState } from "./stored-state.ts";

/** Pictures by their path below a root, out of a folder or of archives. */
export interface ImageStore extends AsyncDisposable {
  readonly root: string;
  /** The bytes of a picture. @throws {DataError} if there is none, or it lies outside. @throws {FileError} if it cannot be read. */
  read(path: string): Promise<Uint8Array>;
  /** Whether there is a picture. @throws {DataError} if its path leads outside. */
  has(path: string): Promise<boolean>;
  /** What tells without reading it whether a picture is still the same; undefined if there is none, or nothing tells. @throws {DataError} if its path leads outside. */
  state(path: string): Promise<StoredState | undefined>;
  /** Where a picture lies, for threads that read it themselves; undefined if there is none. @throws {DataError} if its path leads outside. */
  place(path: string): Promise<StoredPlace | undefined>;
  /** A picture as an input has it, read when it is needed. @throws {DataError} if its path leads outside. */
  image(path: string): StoredImage;
  /** Closes the archives; a second call does nothing. */
  dispose(): Promise<void>;
}

/**
 * Opens pictures: a folder, a .zip archive, or a folder that holds .zip archives (at its top or one folder below), which are read as they are.
 * Of a picture that lies both in the folder and in an archive, the folder's is taken. Archives are opened when a path is looked for in them.
 * @throws {FileError} if there is no such folder or archive. @throws {DataError} if an archive is damaged.
 */
export async function openImageStore(root: string): Promise<ImageStore> {
  const info = await stat(root).catch((error: unknown) => Promise.reject(asFileError(error, root, "read")));
  if (info.isDirectory()) return new StoredImages(root, root, await zipsIn(root));
  const zip = new MountedZip(root, "");
  await zip.archive();
  return new StoredImages(root, undefined, [zip]);
}

class StoredImages implements ImageStore {
  readonly root: string;
  readonly #folder: string | undefined;
  readonly #zips: readonly MountedZip[];

  constructor(root: string, folder: string | undefined, zips: readonly MountedZip[]) {
    this.root = root;
    this.#folder = folder;
    this.#zips = zips;
  }

  async read(path: string): Promise<Uint8Array> {
    const inside = this.#inside(path);
    if (this.#folder !== undefined && (await isFile(join(this.#folder, inside)))) {
      const file = join(this.#folder, inside);
      return readFile(file).catch((error: unknown) => Promise.reject(asFileError(error, file, "read")));
    }
    const found = await this.#find(inside);
    if (found !== undefined) return found.archive.read(found.entry);
    const where = this.#zips.length === 0 ? "" : ` and the ${this.#zips.length} archives of it`;
    const message = `there is no image ${path} in ${this.root}${where}; check the images' folder: paths are relative to it`;
    throw new DataError({ message, details: { file: this.root, entry: path } });
  }

  async has(path: string): Promise<boolean> {
    const inside = this.#inside(path);
    if (this.#folder !== undefined && (await isFile(join(this.#folder, inside)))) return true;
    return (await this.#find(inside)) !== undefined;
  }

  async state(path: string): Promise<StoredState | undefined> {
    const inside = this.#inside(path);
    if (this.#folder !== undefined && (await isFile(join(this.#folder, inside)))) return fileState(resolve(this.#folder, inside));
    const found = await this.#find(inside);
    return found?.archive.state(found.entry);
  }

  async place(path: string): Promise<StoredPlace | undefined> {
    const inside = this.#inside(path);
    if (this.#folder !== undefined && (await isFile(join(this.#folder, inside)))) return { file: resolve(this.#folder, inside) };
    const found = await this.#find(inside);
    return found?.archive.place(found.entry);
  }

  image(path: string): StoredImage {
    this.#inside(path);
    return { name: join(this.root, path), read: () => this.read(path), place: () => this.place(path) };
  }

  /** Archives of a likely name are asked first, so that the others need not be opened. */
  async #find(path: string): ReturnType<MountedZip["find"]> {
    const likely = this.#zips.filter((zip) => zip.isLikely(path));
    for (const zip of new Set([...likely, ...this.#zips])) {
      const found = await zip.find(path);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The path with plain slashes, certainly below the root. */
  #inside(path: string): string {
    const parts = path.replaceAll("\\", "/").split("/");
    const isOutside = path === "" || isAbsolute(path) || /^[a-z]:/i.test(path) || path.startsWith("\\") || path.includes("\0");
    if (isOutside || parts.includes("..")) {
      const message = `the image path ${JSON.stringify(path)} leads out of ${this.root}; give a path relative to it, without ".."`;
      throw new DataError({ message, details: { file: this.root, entry: path } });
    }
    return parts.filter((part) => part !== "" && part !== ".").join("/");
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#zips.map((zip) => zip.dispose()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
}

/** Archives at the top of a folder and one folder below, by name. */
async function zipsIn(root: string): Promise<MountedZip[]> {
  const list = (folder: string): Promise<readonly { readonly name: string; isDirectory(): boolean }[]> =>
    readdir(folder, { withFileTypes: true }).catch((error: unknown) => Promise.reject(asFileError(error, folder, "read")));
  const top = await list(root);
  const folders = ["", ...top.filter((entry) => entry.isDirectory()).map(({ name }) => `${name}/`)];
  const found: MountedZip[] = [];
  for (const folder of folders.toSorted()) {
    const entries = folder === "" ? top : await list(join(root, folder)).catch(() => []);
    const names = entries.filter((entry) => !entry.isDirectory() && /\.zip$/i.test(entry.name)).map(({ name }) => name);
    for (const name of names.toSorted()) found.push(new MountedZip(join(root, folder, name), folder));
  }
  return found;
}
