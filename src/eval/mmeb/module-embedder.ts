import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import type { Embedding } from "../../embed/embed-options.ts";
import type { EmbeddingOutcome } from "../../embed/embedder.ts";
import { ConfigError, DataError } from "../../errors/families.ts";
import { asFileError } from "../../files/atomic-write.ts";
import type { EmbedderModule, EmbedderModuleInput, ModuleEmbedding } from "./embedder-module.ts";
import type { ItemEmbedder, LoadableItem } from "./item-embedder.ts";

const moduleSchema = z.object({
  embed: z.custom<EmbedderModule["embed"]>((value) => typeof value === "function", "expected a function"),
  identity: z.string().min(1).optional(),
  name: z.string().min(1).optional(),
  batchSize: z.int().positive().optional(),
});

/** Loads a module that embeds; what it exports, or the fields of its default export. @throws {FileError} @throws {ConfigError} naming what it lacks. */
export async function loadEmbedderModule(path: string): Promise<ItemEmbedder> {
  const file = resolve(path);
  await stat(file).catch((error: unknown) => Promise.reject(asFileError(error, path, "read")));
  let exported: Record<string, unknown>;
  try {
    exported = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (cause) {
    const message = `the module ${path} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new ConfigError({ message, details: { file: path }, cause });
  }
  const own = typeof exported["embed"] === "function" ? exported : exported["default"];
  const parsed = moduleSchema.safeParse(own);
  if (parsed.success) return moduleEmbedder({ ...parsed.data, name: parsed.data.name ?? basename(path).replace(/\.[cm]?[jt]s$/, "") });
  const [issue] = parsed.error.issues;
  const field = issue === undefined || issue.path.length === 0 ? "embed" : issue.path.join(".");
  const problem = issue?.message ?? "it is wrong";
  const message = `the module ${path}, export ${field}: ${problem}; it has to export embed(inputs), which gives one vector for each input`;
  throw new ConfigError({ message, details: { file: path, field } });
}

/** An embedder made of a module's functions. */
export function moduleEmbedder(module: Omit<EmbedderModule, "name"> & { readonly name: string }): ItemEmbedder {
  const { name, identity } = module;
  return {
    name,
    style: "everything",
    identity: identity === undefined ? undefined : { name, fingerprint: identity, options: { module: true } },
    embed: (items, { signal }) => embedBatches(module, items, signal),
  };
}

const BATCH_SIZE = 32;

async function* embedBatches(
  module: Omit<EmbedderModule, "name"> & { readonly name: string },
  items: AsyncIterable<LoadableItem>,
  signal: AbortSignal | undefined,
): AsyncGenerator<EmbeddingOutcome> {
  let index = 0;
  for await (const batch of inBatches(items, module.batchSize ?? BATCH_SIZE)) {
    signal?.throwIfAborted();
    const results = await module.embed(await Promise.all(batch.map(toInput)));
    if (!Array.isArray(results) || results.length !== batch.length) {
      const got = Array.isArray(results) ? `${results.length} results` : `no list but ${typeof results}`;
      const message = `${module.name}: embed gave ${got} for ${batch.length} inputs; it has to give one for each, in their order`;
      throw new DataError({ message, details: { embedder: module.name, expected: batch.length } });
    }
    for (const result of results as readonly ModuleEmbedding[]) {
      yield { index, embedding: toEmbedding(result, `${module.name}: the result for input ${index}`) };
      index++;
    }
  }
}

async function* inBatches(items: AsyncIterable<LoadableItem>, size: number): AsyncGenerator<LoadableItem[]> {
  let batch: LoadableItem[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function toInput({ item: { prompt, instruction, text, image }, read }: LoadableItem): Promise<EmbedderModuleInput> {
  const picture = image === undefined || read === undefined ? {} : { image: await read(), imagePath: image };
  return { text, instruction, referenceText: prompt, ...picture };
}

const vectorSchema = z.union([z.instanceof(Float32Array), z.instanceof(Float64Array), z.array(z.number())]);
const embeddingSchema = z.union([vectorSchema, z.object({ paths: z.array(vectorSchema).min(1), aggregate: vectorSchema.optional() })]);

/** @throws {DataError} if it is no embedding, empty, or holds something that is no finite number. */
function toEmbedding(result: ModuleEmbedding, what: string): Embedding {
  const fail = (problem: string): DataError =>
    new DataError({ message: `${what} ${problem}; give a list of numbers, or { paths, aggregate }`, details: {} });
  const parsed = embeddingSchema.safeParse(result);
  if (!parsed.success) throw fail("is no vector");
  const lists = "paths" in parsed.data ? parsed.data.paths : [parsed.data];
  const paths = lists.map(unitVector);
  const given = "paths" in parsed.data ? parsed.data.aggregate : undefined;
  const aggregate = given === undefined ? meanOf(paths) : unitVector(given);
  if (aggregate.length === 0 || paths.some(({ length }) => length !== aggregate.length))
    throw fail("has vectors that are empty or of different lengths");
  if (![aggregate, ...paths].every((vector) => vector.every(Number.isFinite))) throw fail("holds something that is no finite number");
  return { aggregate, paths };
}

function meanOf(paths: readonly Float32Array[]): Float32Array {
  const [first] = paths;
  if (paths.length === 1 && first !== undefined) return first;
  return unitVector(
    Float64Array.from({ length: first?.length ?? 0 }, (_, at) => paths.reduce((sum, path) => sum + (path[at] ?? Number.NaN), 0)),
  );
}

/** How far the square of a length may be from 1 for the vector to be left as it is, to the last digit. */
const UNIT_TOLERANCE = 1e-5;

/** Brought to unit length; a vector of zeros stays one: it is as far from everything. */
function unitVector(vector: ArrayLike<number>): Float32Array {
  let square = 0;
  for (let at = 0; at < vector.length; at++) square += (vector[at] as number) ** 2;
  const length = Math.abs(square - 1) <= UNIT_TOLERANCE || square === 0 ? 1 : Math.sqrt(square);
  return Float32Array.from({ length: vector.length }, (_, at) => (vector[at] as number) / length);
}
