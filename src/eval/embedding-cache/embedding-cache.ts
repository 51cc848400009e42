import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import type { Embedding } from "../../embed/embed-options.ts";
import { ShapeError } from "../../errors/families.ts";
import { asFileError, writeJsonAtomic } from "../../files/atomic-write.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { parseConfig } from "../../files/parse-config.ts";
import { SegmentFile } from "./segment-file.ts";

/** What the vectors of a cache were made by: caches of different makers lie in different folders. */
export interface CacheIdentity {
  /** For people. */
  readonly name: string;
  /** Names what the model computes. */
  readonly fingerprint: string;
  /** Whatever else changes the vectors: device, dtype, prompts. */
  readonly options: Readonly<Record<string, string | number | boolean>>;
}

/** The shape of every embedding of a cache. */
export interface VectorShape {
  readonly pathCount: number;
  readonly dimensions: number;
}

/** What a cache did since it was opened. */
export interface CacheCounts {
  /** Embeddings that were read. */
  readonly read: number;
  /** Embeddings that were written. */
  readonly written: number;
  /** Records that were damaged: they count as missing. */
  readonly damaged: number;
}

interface Place {
  readonly segment: SegmentFile;
  readonly record: number;
}

const FORMAT = "polyvec-embedding-cache";
const infoSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(1),
  name: z.string(),
  fingerprint: z.string(),
  options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  pathCount: z.int().positive(),
  dimensions: z.int().positive(),
});

/**
 * The embeddings of one model on disk, by the content of what was embedded. Any number of processes may use it at a time: each appends to a file of
 * its own and reads those of the others that were there when it began. A crash loses at most the record being written; a damaged record is
 * noticed by its checksum and counts as missing. Files of several machines are joined by copying them into one folder.
 */
export class EmbeddingCache implements AsyncDisposable {
  readonly folder: string;
  readonly #identity: CacheIdentity;
  readonly #segments: SegmentFile[] = [];
  readonly #places = new Map<string, Place>();
  readonly #counts = { read: 0, written: 0, damaged: 0 };
  #shape: VectorShape | undefined;
  #own: SegmentFile | undefined;
  #temporary = false;

  private constructor(folder: string, identity: CacheIdentity) {
    this.folder = folder;
    this.#identity = identity;
  }

  /** Opens a model's cache beneath a folder, or begins one. @throws {FileError} if it cannot be read. @throws {ConfigError} if its description is damaged. */
  static async open(root: string, identity: CacheIdentity): Promise<EmbeddingCache> {
    const cache = new EmbeddingCache(join(root, folderName(identity)), identity);
    await cache.#readSegments();
    return cache;
  }

  /** A cache for one run: its folder is removed when it is disposed. */
  static async temporary(folder: string, identity: CacheIdentity): Promise<EmbeddingCache> {
    const cache = await EmbeddingCache.open(folder, identity);
    cache.#temporary = true;
    return cache;
  }

  get counts(): CacheCounts {
    return { ...this.#counts };
  }

  /** N and D of what is in it; undefined while it is empty. */
  get shape(): VectorShape | undefined {
    return this.#shape;
  }

  /** Whether there is an embedding of that content; one that turns out to be damaged is not. */
  has(key: string): boolean {
    return this.#places.has(key);
  }

  /** The embedding of a content; undefined if there is none or it is damaged, after which `has` says so too. */
  async get(key: string): Promise<Embedding | undefined> {
    const place = this.#places.get(key);
    if (place === undefined || this.#shape === undefined) return undefined;
    const vectors = await place.segment.vectors(place.record, key);
    if (vectors === undefined) {
      this.#places.delete(key);
      this.#counts.damaged++;
      return undefined;
    }
    this.#counts.read++;
    return split(vectors, this.#shape);
  }

  /** Keeps an embedding. @throws {ShapeError} if it has other paths or dimensions than those before. @throws {FileError} if the disk is full. */
  async put(key: string, embedding: Embedding): Promise<void> {
    const own = this.#own ?? (await this.#begin(embedding));
    const shape = this.#shape as VectorShape;
    if (embedding.aggregate.length !== shape.dimensions || embedding.paths.length !== shape.pathCount) {
      const got = [embedding.paths.length, embedding.aggregate.length];
      const message = `${this.#identity.name}: an embedding has [paths, dimensions] = [${got.join(", ")}], earlier ones [${shape.pathCount}, ${shape.dimensions}]; all must be of one model`;
      throw new ShapeError({ message, details: { got, expected: [shape.pathCount, shape.dimensions] } });
    }
    const record = await own.append(key, concatenate(embedding, shape));
    this.#places.set(key, { segment: own, record });
    this.#counts.written++;
  }

  /** Brings what was put to the disk. */
  async sync(): Promise<void> {
    await this.#own?.sync();
  }

  async dispose(): Promise<void> {
    for (const segment of this.#segments.splice(0)) await segment.close();
    this.#places.clear();
    if (this.#temporary) await rm(this.folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #readSegments(): Promise<void> {
    const names = await readdir(this.folder).catch((error: NodeJS.ErrnoException): string[] => {
      if (error.code === "ENOENT") return [];
      throw asFileError(error, this.folder, "read");
    });
    if (!names.includes(INFO)) return;
    const file = join(this.folder, INFO);
    const { pathCount, dimensions } = parseConfig(infoSchema, await readJsonFile(file), { file });
    this.#shape = { pathCount, dimensions };
    for (const name of names.filter((each) => each.endsWith(SEGMENT)).toSorted()) {
      const segment = await SegmentFile.read(join(this.folder, name), payloadBytes(this.#shape));
      this.#segments.push(segment);
      for (const [record, key] of (await segment.keys()).entries()) this.#places.set(key, { segment, record });
    }
  }

  async #begin({ aggregate, paths }: Embedding): Promise<SegmentFile> {
    try {
      await mkdir(this.folder, { recursive: true });
    } catch (error) {
      throw asFileError(error, this.folder, "write");
    }
    if (this.#shape === undefined) {
      this.#shape = { pathCount: paths.length, dimensions: aggregate.length };
      const info: z.infer<typeof infoSchema> = { format: FORMAT, version: 1, ...this.#identity, ...this.#shape };
      await writeJsonAtomic(join(this.folder, INFO), info);
    }
    const own = await SegmentFile.create(join(this.folder, `${randomUUID()}${SEGMENT}`), payloadBytes(this.#shape));
    this.#segments.push(own);
    this.#own = own;
    return own;
  }
}

const INFO = "cache.json";
const SEGMENT = ".vectors";

/** The folder of a maker: its name, as far as it can stand in a path, and a hash of all that makes it different from others. */
function folderName({ name, fingerprint, options }: CacheIdentity): string {
  const sorted = Object.entries(options).toSorted(([left], [right]) => (left < right ? -1 : 1));
  const hash = createHash("sha256").update(JSON.stringify([fingerprint, sorted])).digest("hex").slice(0, 16); // prettier-ignore
  const tail = basename(name.replaceAll("\\", "/"));
  const readable = tail.replaceAll(/[^\w.-]+/g, "-").slice(0, 40);
  return `${readable === "" ? "model" : readable}-${hash}`;
}

function payloadBytes({ pathCount, dimensions }: VectorShape): number {
  return 4 * dimensions * (1 + pathCount);
}

function concatenate({ aggregate, paths }: Embedding, { dimensions }: VectorShape): Float32Array {
  const joined = new Float32Array(dimensions * (1 + paths.length));
  joined.set(aggregate);
  paths.forEach((path, place) => joined.set(path, dimensions * (1 + place)));
  return joined;
}

function split(vectors: Float32Array, { pathCount, dimensions }: VectorShape): Embedding {
  const at = (place: number): Float32Array => vectors.subarray(place * dimensions, (place + 1) * dimensions);
  return { aggregate: at(0), paths: Array.from({ length: pathCount }, (_, path) => at(path + 1)) };
}
