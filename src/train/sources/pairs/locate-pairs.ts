import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { FindPairsOptions } from "../../../data/pairs/open-pairs.ts";
import { DataError } from "../../../errors/families.ts";
import { asFileError } from "../../../files/atomic-write.ts";
import { nearestName } from "../../../files/nearest-name.ts";
import { fetchHubDataset } from "../../../model/folder/hub/hub-dataset.ts";
import { parseHubId } from "../../../model/folder/hub/hub-id.ts";
import type { HubOptions } from "../../../model/folder/hub/hub-options.ts";

/** Pairs that are looked for. */
export interface PairPlace extends FindPairsOptions {
  /** A path, or a dataset of the hub as `org/name` or `org/name@revision`. */
  readonly path: string;
  /** The same as a path from the folder that relative paths begin in. */
  readonly resolved: string;
  /** Whether images are fetched from the hub too, where the data is. */
  readonly withImages: boolean;
}

/** Where pairs and images lie on this machine. */
export interface LocatedPairs {
  /** A file or folder, as `findPairs` takes it. */
  readonly path: string;
  /** The folder that image paths begin in, if the data says no other. */
  readonly images: string;
}

/**
 * The path of pairs: what is there, else a dataset of the hub, of which the wanted datasets' split is fetched, and the archives of their images.
 * @throws {FileError} if it is neither. @throws {HubError} if the hub's cannot be had. @throws {DataError} if the hub's has no such dataset or split.
 */
export async function locatePairs(place: PairPlace, options: HubOptions): Promise<LocatedPairs> {
  const { path, resolved } = place;
  const info = await stat(resolved).catch((error: unknown) => error);
  if (info instanceof Error) {
    const id = parseHubId(path);
    if (id === undefined || !("code" in info) || info.code !== "ENOENT") throw asFileError(info, resolved, "read");
    const folder = await fetchHubDataset(id, (paths) => wantedOf(paths, place), options);
    return { path: folder, images: folder };
  }
  const isFile = (await stat(resolved)).isFile();
  return { path: resolved, images: isFile ? dirname(resolved) : resolved };
}

function wantedOf(paths: readonly string[], { path, split, datasets, withImages }: PairPlace): string[] {
  const shards = paths.flatMap((file) => {
    const [, dataset] = /^([^/]+)\/([^/]+)\.parquet$/.exec(file) ?? [];
    return dataset === undefined || !basename(file).startsWith(`${split}-`) ? [] : [{ dataset, file }];
  });
  const found = [...new Set(shards.map(({ dataset }) => dataset))];
  const absent = datasets?.find((name) => !found.includes(name));
  if (absent !== undefined || found.length === 0) throw notThere(path, split, { absent, found });
  const names = datasets ?? found;
  const archives = withImages ? paths.filter((file) => /\.zip$/i.test(file) && names.some((name) => isArchiveOf(file, name))) : [];
  return [...shards.filter(({ dataset }) => names.includes(dataset)).map(({ file }) => file), ...archives];
}

/** Archives are called as their dataset (`ImageNet_1K.zip`), as what several are of (`MSCOCO.zip`), or hold the images of all. */
function isArchiveOf(file: string, dataset: string): boolean {
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const name = plain(basename(file).replace(/\.zip$/i, ""));
  return name === "images" || plain(dataset).startsWith(name);
}

function notThere(path: string, split: string, { absent, found }: { absent: string | undefined; found: readonly string[] }): DataError {
  const near = absent === undefined ? undefined : nearestName(absent, found);
  const hint = near === undefined ? "" : `did you mean ${near}? `;
  const there = found.length === 0 ? "" : `; ${hint}There are ${found.join(", ")}`;
  const message = `the dataset ${path} of the hub has no ${absent ?? "<dataset>"}/${split}-*.parquet${there}`;
  return new DataError({ message, details: { file: path, row: null, field: absent ?? split } });
}
