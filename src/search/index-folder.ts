import { randomUUID } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Tensor } from "../engine/tensor/tensor.ts";
import { DataError } from "../errors/families.ts";
import { writeJsonAtomic } from "../files/atomic-write.ts";
import { readJsonFile } from "../files/json-file.ts";
import { openSafetensors, writeSafetensors } from "../model/formats/safetensors.ts";
import { VectorIndex, type VectorSizes } from "./vector-index.ts";

/** What an index folder says about itself, beside the ids: which model made it, what the ids are. Any strings. */
export type IndexMetadata = Readonly<Record<string, string>>;

const DESCRIPTION = "index.json";
const VECTORS = /^vectors-[0-9a-f]{8}\.safetensors$/;

const descriptionSchema = z.strictObject({
  format: z.literal("polyvec-index"),
  version: z.literal(1),
  pathCount: z.int().positive(),
  dimensions: z.int().positive(),
  vectors: z.string().regex(VECTORS),
  metadata: z.record(z.string(), z.string()),
  ids: z.array(z.string()),
});
type IndexDescription = z.infer<typeof descriptionSchema>;

/** How {@link saveIndex} stores vectors. */
export interface SaveIndexOptions {
  /** float32 if not given. `int8`, with a scale for each vector, takes a quarter of the space and moves a cosine by some thousandths. */
  readonly dtype?: "float32" | "int8";
}

/**
 * Writes an index as a folder: `index.json` (ids, sizes, metadata) and `vectors-<id>.safetensors`: `aggregate` [count, D] and `paths`
 * [count, N, D] as float32, or [count * N, D] as int8 with a scale per row. The JSON is written last and names the vectors, so an earlier
 * index there stays whole until then.
 * @throws {FileError} if the folder cannot be written.
 */
export async function saveIndex(
  folder: string,
  index: VectorIndex,
  metadata: IndexMetadata = {},
  { dtype = "float32" }: SaveIndexOptions = {},
): Promise<void> {
  const { pathCount, dimensions, ids } = index;
  const { aggregate, paths } = index.embeddings;
  const vectors = `vectors-${randomUUID().slice(0, 8)}.safetensors`;
  const tensors = new Map<string, Tensor>([
    ["aggregate", { dtype: "float32", shape: [ids.length, dimensions], data: aggregate }],
    ["paths", { dtype: "float32", shape: pathsShape(index, ids.length, dtype === "int8"), data: paths }],
  ]);
  await writeSafetensors(join(folder, vectors), tensors, { dtype });
  const description: IndexDescription = { format: "polyvec-index", version: 1, pathCount, dimensions, vectors, metadata, ids: [...ids] };
  await writeJsonAtomic(join(folder, DESCRIPTION), description);
  const old = (await readdir(folder)).filter((name) => VECTORS.test(name) && name !== vectors);
  await Promise.all(old.map((name) => rm(join(folder, name), { force: true })));
}

/**
 * Reads an index that {@link saveIndex} wrote.
 * @throws {FileError} if a file is missing. @throws {DataError} if index.json is damaged. @throws {WeightsError} if the vectors do not fit it.
 */
export async function loadIndex(folder: string): Promise<{ index: VectorIndex; metadata: IndexMetadata }> {
  const file = join(folder, DESCRIPTION);
  const parsed = descriptionSchema.safeParse(await readJsonFile(file));
  if (!parsed.success) {
    const message = `${file} is not an index of this version: ${z.prettifyError(parsed.error)}; make the index again`;
    throw new DataError({ message, details: { file } });
  }
  const { pathCount, dimensions, vectors, metadata, ids } = parsed.data;
  await using stored = await openSafetensors(join(folder, vectors));
  const aggregate = await stored.read("aggregate", [ids.length, dimensions]);
  const hasScales = stored.has("paths") && stored.scaleInfo("paths") !== undefined;
  const paths = await stored.read("paths", pathsShape(parsed.data, ids.length, hasScales));
  const index = new VectorIndex({ pathCount, dimensions });
  index.add(ids, { count: ids.length, pathCount, dimensions, aggregate: floats(aggregate), paths: floats(paths) });
  return { index, metadata };
}

/** As int8 each path of each input is a row, so that it has a scale of its own. */
function pathsShape({ pathCount, dimensions }: VectorSizes, count: number, isInt8: boolean): readonly number[] {
  return isInt8 ? [count * pathCount, dimensions] : [count, pathCount, dimensions];
}

function floats({ data }: Tensor): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number>);
}
