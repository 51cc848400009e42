import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { DataError } from "../../errors/families.ts";
import { asFileError } from "../../files/atomic-write.ts";
import { nearestName } from "../../files/nearest-name.ts";
import { JsonPairs } from "./json-pairs.ts";
import type { PairDataset } from "./pair-dataset.ts";
import { ParquetPairs } from "./parquet-pairs.ts";

/** Where the rows of a dataset lie. */
export interface PairFiles {
  readonly name: string;
  /** One file of JSON lines, or the shards of a parquet dataset. */
  readonly files: readonly string[];
}

/** What is looked for. */
export interface FindPairsOptions {
  /** Files whose names begin with it: `original-00000-of-00001.parquet`. */
  readonly split: string;
  /** Names of datasets; all that are there, if not given. */
  readonly datasets?: readonly string[] | undefined;
}

/**
 * The datasets at a place: a file of parquet or JSON lines; a folder of `<dataset>/<split>-*.parquet` (or `.jsonl`), the layout of MMEB-train; or
 * one such `<dataset>` folder.
 * @throws {FileError} if there is nothing there. @throws {DataError} if a dataset or split is not there, naming those that are, or a shard is missing.
 */
export async function findPairs(path: string, { split, datasets }: FindPairsOptions): Promise<PairFiles[]> {
  const info = await stat(path).catch((error: unknown) => Promise.reject(asFileError(error, path, "read")));
  if (info.isFile()) return [{ name: basename(path).replace(/\.(parquet|jsonl)$/i, ""), files: [path] }];
  const own = await splitFiles(path, split);
  if (own.length > 0) return [{ name: basename(path), files: own }];
  const found = await datasetsIn(path, split);
  if (found.length === 0) throw await nothingFound(path, split);
  const wanted = datasets ?? found.map(({ name }) => name);
  return wanted.map((name) => found.find((dataset) => dataset.name === name) ?? throwAbsent(path, name, found));
}

/** Opens what {@link findPairs} found. @throws {FileError} {DataError} as the kinds of datasets do. */
export async function openPairs({ name, files }: PairFiles): Promise<PairDataset> {
  const [file = ""] = files;
  return /\.parquet$/i.test(file) ? ParquetPairs.open(name, files) : JsonPairs.open(name, file);
}

async function datasetsIn(folder: string, split: string): Promise<PairFiles[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => !entry.isFile()).map(({ name }) => name);
  const found = await Promise.all(names.toSorted().map(async (name) => ({ name, files: await splitFiles(join(folder, name), split) })));
  return found.filter(({ files }) => files.length > 0);
}

/** The files of a split, its shards in order. @throws {DataError} if a shard is missing. */
async function splitFiles(folder: string, split: string): Promise<string[]> {
  const names = (await readdir(folder).catch((): string[] => [])).toSorted();
  const lines = names.find((name) => name === `${split}.jsonl`);
  const shards = names.filter((name) => name === `${split}.parquet` || (name.startsWith(`${split}-`) && name.endsWith(".parquet")));
  if (shards.length === 0) return lines === undefined ? [] : [join(folder, lines)];
  const [, count] = /-of-(\d+)\.parquet$/.exec(shards[0] ?? "") ?? [];
  if (count !== undefined && Number(count) !== shards.length) {
    const message = `${folder} has ${shards.length} of the ${Number(count)} shards of the split ${split}; fetch the others too`;
    throw new DataError({ message, details: { file: folder, row: null, field: null } });
  }
  return shards.map((name) => join(folder, name));
}

function throwAbsent(path: string, name: string, found: readonly PairFiles[]): never {
  const names = found.map((dataset) => dataset.name);
  const near = nearestName(name, names);
  const hint = near === undefined ? "" : `did you mean ${near}? `;
  const message = `${path} has no dataset ${name}; ${hint}There are ${names.join(", ")}`;
  throw new DataError({ message, details: { file: path, row: null, field: name } });
}

async function nothingFound(path: string, split: string): Promise<DataError> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(() => []);
  const splits = entries.flatMap(({ name }) => /^([a-z_]+)-\d+-of-\d+\.parquet$/i.exec(name)?.[1] ?? []);
  const others = [...new Set(splits)].toSorted();
  const hint = others.length === 0 ? "" : `; there are the splits ${others.join(", ")}`;
  const message = `${path} has no <dataset>/${split}-*.parquet (nor ${split}.jsonl)${hint}; check the path and the split`;
  return new DataError({ message, details: { file: path, row: null, field: split } });
}
