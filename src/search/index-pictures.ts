import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import type { Embedder } from "../embed/embedder.ts";
import { ConfigError } from "../errors/families.ts";
import { writeJsonAtomic } from "../files/atomic-write.ts";
import { readJsonFile } from "../files/json-file.ts";
import { SEARCH_INSTRUCTIONS } from "../model/folder/polyvec-config.ts";
import { listPictures, noPictures, pictureFilesSchema, type PictureFile } from "./picture-folder.ts";
import { updateIndex, type UpdateIndexOptions } from "./update-index.ts";
import type { VectorIndex } from "./vector-index.ts";

/** How a folder of pictures is made searchable. */
export interface IndexPicturesOptions extends Pick<UpdateIndexOptions, "signal" | "onProgress"> {
  readonly model: Embedder;
  /** Where embeddings are kept; `cacheFolder()` if not given. */
  readonly cacheFolder?: string;
}

/** A folder of pictures that can be searched. */
export interface PictureIndex {
  /** Ids are hashes of content. */
  readonly index: VectorIndex;
  /** Files by id; several where they are the same picture. Relative to the folder. */
  readonly files: ReadonlyMap<string, readonly string[]>;
  /** Pictures that cannot be embedded, by file, and why. */
  readonly failed: ReadonlyMap<string, Error>;
}

/** Where things are kept that can be made again: the environment variable POLYVEC_CACHE, or `.cache/polyvec` in the working directory. */
function cacheFolder(): string {
  return resolve(process.env["POLYVEC_CACHE"] ?? join(".cache", "polyvec"));
}

/** The instruction that a model was trained to embed searched pictures with, as part of an input. */
export function targetInstruction({ instructions }: Embedder): { readonly instruction?: string } {
  const instruction = instructions[SEARCH_INSTRUCTIONS.target];
  return instruction === undefined ? {} : { instruction };
}

/**
 * A folder of the cache for one thing that was embedded by one model. @param what names the thing.
 * @throws {ConfigError} if the model has no files, so that there is no telling it from others.
 */
export async function indexFolderOf(model: Embedder, what: string, cache: string = cacheFolder()): Promise<string> {
  const fingerprint = await model.fingerprint();
  if (fingerprint === undefined) {
    const message = `embeddings of the model ${model.name} cannot be kept, as it has no files; save it and load it from its folder`;
    throw new ConfigError({ message, details: { field: "model", got: model.name, expected: "a model folder" } });
  }
  const key = JSON.stringify([what, fingerprint, targetInstruction(model)]);
  return join(cache, "search", createHash("sha256").update(key).digest("hex").slice(0, 24));
}

/**
 * Embeds the pictures of a folder, and only those that are new since last time: embeddings are kept on disk, by content and model.
 * @throws {FileError} if the folder cannot be read or holds no pictures. @throws {AbortedError} when `signal` fires; what is done is kept.
 */
export async function indexPictures(folder: string, options: IndexPicturesOptions): Promise<PictureIndex> {
  const { model, signal, onProgress } = options;
  const place = await indexFolderOf(model, resolve(folder), options.cacheFolder);
  const listing = join(place, "pictures.json");
  const pictures = await listPictures(folder, await readListing(listing));
  if (pictures.length === 0) throw noPictures(folder);
  const files = groupFiles(pictures);
  const items = [...files].map(([id, [file]]) => ({ id, input: { image: join(folder, file as string), ...targetInstruction(model) } }));
  const { index, failed } = await updateIndex(place, items, {
    model,
    metadata: { folder: resolve(folder) },
    signal,
    ...(onProgress && { onProgress }),
  });
  await writeJsonAtomic(listing, pictures);
  return {
    index,
    files,
    failed: new Map([...failed].flatMap(([id, error]) => (files.get(id) ?? []).map((file) => [file, error] as const))),
  };
}

async function readListing(file: string): Promise<PictureFile[]> {
  const value = await readJsonFile(file).catch(() => []); // not there, or damaged: pictures are read again
  return pictureFilesSchema.safeParse(value).data ?? [];
}

function groupFiles(pictures: readonly PictureFile[]): Map<string, string[]> {
  const files = new Map<string, string[]>();
  for (const { hash, file } of pictures) files.set(hash, [...(files.get(hash) ?? []), file]);
  return files;
}
