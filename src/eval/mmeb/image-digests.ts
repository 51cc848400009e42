import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { asFileError } from "../../files/atomic-write.ts";
import { SegmentFile } from "../embedding-cache/segment-file.ts";

/** What tells whether an image is still the same. */
export interface ImageState {
  readonly key: string;
  /** When it was last changed, in ms. */
  readonly changedAt: number;
}

interface Place {
  readonly segment: SegmentFile;
  readonly record: number;
}

/** How a memory of digests is opened. */
export interface ImageDigestsOptions {
  /** Forgets nothing but looks nothing up either: every image is read again. */
  readonly rehash?: boolean;
  /** Digests that are kept, at most: those of files beyond go, oldest first. */
  readonly most?: number;
  /** A clock, in ms. */
  readonly now?: () => number;
}

const FOLDER = "image-digests";
const SEGMENT = ".digests";
const DIGEST_BYTES = 32;
const MOST = 2 ** 18;
/** Files, at most: each run that reads new images writes one. */
const MOST_FILES = 64;
/** What was changed less than so many ms before it was read may have been changed again without its times telling. */
const SETTLED_MS = 2000;

/**
 * The digests of images that were read before, on disk, by what tells whether an image is still the same: a later run names an image by its content without
 * reading it. Any number of processes may use it at a time, each appends to a file of its own; a damaged record counts as missing.
 */
export class ImageDigests implements AsyncDisposable {
  readonly #folder: string;
  readonly #now: () => number;
  readonly #segments: SegmentFile[] = [];
  readonly #places = new Map<string, Place>();
  #own: Promise<SegmentFile> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, now: () => number) {
    this.#folder = folder;
    this.#now = now;
  }

  /** Opens the memory beneath a cache's folder. @throws {FileError} if it cannot be read. */
  static async open(root: string, { rehash = false, most = MOST, now = Date.now }: ImageDigestsOptions = {}): Promise<ImageDigests> {
    const digests = new ImageDigests(join(root, FOLDER), now);
    if (!rehash) await digests.#readSegments(most);
    return digests;
  }

  /** The digest of an image in this state; undefined if it was not read in it, or that is not known. */
  async get({ key }: ImageState): Promise<Buffer | undefined> {
    const name = nameOf(key);
    const place = this.#places.get(name);
    return place?.segment.payload(place.record, name);
  }

  /** Keeps the digest of an image that was in this state before it was read; not if it was changed only just then. @throws {FileError} if the disk is full. */
  async put({ key, changedAt }: ImageState, digest: Uint8Array): Promise<void> {
    if (Math.abs(this.#now() - changedAt) < SETTLED_MS) return;
    const name = nameOf(key);
    const turn = this.#last.then(() => this.#append(name, digest));
    this.#last = turn.catch(() => undefined);
    await turn;
  }

  async dispose(): Promise<void> {
    await this.#last;
    for (const segment of this.#segments.splice(0)) await segment.close();
    this.#places.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #append(name: string, digest: Uint8Array): Promise<void> {
    const segment = await (this.#own ??= this.#begin());
    this.#places.set(name, { segment, record: await segment.append(name, digest) });
  }

  async #begin(): Promise<SegmentFile> {
    await mkdir(this.#folder, { recursive: true }).catch((error: unknown) => Promise.reject(asFileError(error, this.#folder, "write")));
    const segment = await SegmentFile.create(join(this.#folder, `${randomUUID()}${SEGMENT}`), DIGEST_BYTES);
    this.#segments.push(segment);
    return segment;
  }

  /** Newest first; files that are beyond what is kept are removed. */
  async #readSegments(most: number): Promise<void> {
    for (const [at, file] of (await newestFirst(this.#folder)).entries()) {
      if (this.#places.size >= most || at >= MOST_FILES) {
        await rm(file, { force: true }).catch(() => undefined); // another process may be at it
        continue;
      }
      const segment = await SegmentFile.read(file, DIGEST_BYTES);
      this.#segments.push(segment);
      for (const [record, name] of (await segment.keys()).entries())
        if (!this.#places.has(name)) this.#places.set(name, { segment, record });
    }
  }
}

function nameOf(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

async function newestFirst(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw asFileError(error, folder, "read");
  });
  const files = names.filter((name) => name.endsWith(SEGMENT)).map((name) => join(folder, name));
  const ages = await Promise.all(files.map((file) => stat(file).then(({ mtimeMs }) => mtimeMs, () => 0))); // prettier-ignore
  return files
    .map((file, at) => ({ file, time: ages[at] ?? 0 }))
    .toSorted((left, right) => right.time - left.time)
    .map(({ file }) => file);
}
