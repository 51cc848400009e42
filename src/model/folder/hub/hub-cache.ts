import { mkdir, readFile, rename, stat, symlink, copyFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { asFileError, writeFileAtomic } from "../../../files/atomic-write.ts";
import { missingParts } from "./model-parts.ts";
import { isCommit, kindOf, type HubId } from "./hub-id.ts";

/**
 * What the cache holds of one model or dataset, in the layout of Python's huggingface_hub: `blobs/` by content, `snapshots/<commit>/` of links to them,
 * `refs/<revision>` with the commit that a revision was. What Python fetched is used, and the other way round.
 */
export class HubCache {
  readonly folder: string;

  constructor(cache: string, id: Pick<HubId, "name" | "kind">) {
    this.folder = join(cache, `${kindOf(id)}s--${id.name.replace("/", "--")}`);
  }

  snapshot(commit: string): string {
    return join(this.folder, "snapshots", commit);
  }

  blob(etag: string): string {
    return join(this.folder, "blobs", etag);
  }

  /** The snapshot of a revision, and what it lacks to be a whole model; undefined if there is none. */
  async find(revision: string): Promise<{ readonly folder: string; readonly missing: readonly string[] } | undefined> {
    const commit = await this.commitOf(revision);
    if (commit === undefined) return undefined;
    const folder = this.snapshot(commit);
    return (await isThere(folder)) ? { folder, missing: await missingParts(folder) } : undefined;
  }

  /** Notes that a revision is a commit. To be called when its snapshot is whole. */
  async setCommit(revision: string, commit: string): Promise<void> {
    if (revision !== commit) await writeFileAtomic(join(this.folder, "refs", revision), commit);
  }

  async has(commit: string, path: string): Promise<boolean> {
    return isThere(join(this.snapshot(commit), path));
  }

  /** Puts a blob into a snapshot. Where links cannot be made, the file itself. */
  async link(commit: string, path: string, etag: string): Promise<void> {
    const place = join(this.snapshot(commit), path);
    try {
      await mkdir(dirname(place), { recursive: true });
      await symlink(relative(dirname(place), this.blob(etag)), place).catch((error: unknown) => this.#withoutLink(error, place, etag));
    } catch (error) {
      throw asFileError(error, place, "write");
    }
  }

  async #withoutLink(error: unknown, place: string, etag: string): Promise<void> {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EEXIST") return;
    if (code !== "EPERM" && code !== "ENOSYS") throw error;
    const temporary = `${place}.${process.pid}.incomplete`;
    await copyFile(this.blob(etag), temporary);
    await rename(temporary, place);
  }

  /** The commit that a revision is, as far as the cache knows. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (isCommit(revision)) return revision;
    const text = await readFile(join(this.folder, "refs", revision), "utf8").catch(() => "");
    return isCommit(text.trim()) ? text.trim() : undefined;
  }
}

/** Whether there is a file or folder, or a link to one. */
function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
