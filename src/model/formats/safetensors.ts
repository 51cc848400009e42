import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { Tensor } from "../../engine/tensor/tensor.ts";
import { FileError, WeightsError } from "../../errors/families.ts";
import { asFileError, writeFileAtomic } from "../../files/atomic-write.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { nearestName } from "../../files/nearest-name.ts";
import { dequantizeRows, scaleNameOf } from "./row-quantization.ts";
import { SafetensorsFile } from "./safetensors-file.ts";
import type { TensorInfo } from "./safetensors-header.ts";
import { planSafetensors, streamSafetensors, type StreamedPiece, type WeightsDType } from "./safetensors-layout.ts";
import { toTensor } from "./stored-tensor.ts";

/** The tensors of one safetensors file, or of the shards of an index, read on demand. */
export interface Safetensors extends AsyncDisposable {
  /** The file or index that was opened. */
  readonly file: string;
  /** Sorted; without the scales of int8 tensors. */
  readonly names: readonly string[];
  /** `__metadata__`, of all shards together. */
  readonly metadata: Readonly<Record<string, string>>;
  has(name: string): boolean;
  /** Where a tensor lies. @throws {WeightsError} if there is none of that name. */
  info(name: string): TensorInfo;
  /** Where the row scales of an int8 tensor lie; undefined for every other tensor. */
  scaleInfo(name: string): TensorInfo | undefined;
  /**
   * Reads a tensor: any float and int8 with scales as float32, integers as int32 or int64.
   * @param expectedShape if given, another shape is an error. @throws {WeightsError} @throws {DisposedError} after close.
   */
  read(name: string, expectedShape?: readonly number[]): Promise<Tensor>;
  /** Closes the files; a second call does nothing. */
  close(): Promise<void>;
}

/** How {@link writeSafetensors} stores float tensors. */
export interface WriteSafetensorsOptions {
  /** Default float32. `int8` stores tensors of two and more dimensions in bytes with `<name>.scale` per row, the rest as float32. */
  readonly dtype?: WeightsDType;
  /** Strings kept in the header; `format: "pt"`, which `transformers` asks for, is added. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Opens weights without reading them: headers are checked at once, data is read by `read`.
 * @param path a .safetensors file, a `*.safetensors.index.json`, or a folder that holds `model.safetensors` or its index.
 * @throws {WeightsError} naming file, tensor, expected and actual. @throws {FileError} if there is no such file.
 */
export async function openSafetensors(path: string): Promise<Safetensors> {
  const file = await findWeights(path);
  return file.endsWith(".json") ? openIndex(file) : new OpenedSafetensors(file, [await SafetensorsFile.open(file)]);
}

/**
 * Writes tensors as one .safetensors file, atomically. The header is padded to a multiple of 64 bytes and tensors are ordered by the
 * alignment of their sizes, so that every tensor whose size allows it begins at a multiple of 64 and can be mapped in place.
 * @throws {WeightsError} if a value does not fit the dtype. @throws {FileError} if the disk is full; nothing is left behind.
 */
export async function writeSafetensors(
  file: string,
  tensors: ReadonlyMap<string, Tensor>,
  { dtype = "float32", metadata = {} }: WriteSafetensorsOptions = {},
): Promise<void> {
  await writeFileAtomic(file, planSafetensors(file, tensors, { dtype, metadata: { format: "pt", ...metadata } }));
}

/** What {@link writeSafetensors} writes, in float32, piece by piece. @throws {WeightsError} as there. */
export function safetensorsBytes(tensors: ReadonlyMap<string, Tensor>): Iterable<Uint8Array> {
  return planSafetensors("the output", tensors, { dtype: "float32", metadata: { format: "pt" } });
}

/**
 * As {@link writeSafetensors}, of tensors that need not all be in memory: each is asked for when its turn comes.
 * @throws {WeightsError} {FileError} as there, and whatever a piece's `toBytes` throws; nothing is left behind.
 */
export async function writeStreamedSafetensors(file: string, pieces: readonly StreamedPiece[]): Promise<void> {
  await writeFileAtomic(file, streamSafetensors(file, pieces, { format: "pt" }));
}

class OpenedSafetensors implements Safetensors {
  readonly file: string;
  readonly names: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly #shards: readonly SafetensorsFile[];
  readonly #holders = new Map<string, SafetensorsFile>();

  constructor(file: string, shards: readonly SafetensorsFile[]) {
    this.file = file;
    this.#shards = shards;
    for (const shard of shards) for (const name of shard.header.tensors.keys()) this.#holders.set(name, shard);
    this.metadata = Object.assign({}, ...shards.map((shard) => shard.header.metadata)) as Record<string, string>;
    const scales = new Set([...this.#holders.keys()].filter((name) => this.scaleInfo(name) !== undefined).map(scaleNameOf));
    this.names = [...this.#holders.keys()].filter((name) => !scales.has(name)).sort();
  }

  has(name: string): boolean {
    return this.#holders.has(name);
  }

  info(name: string): TensorInfo {
    const info = this.#holders.get(name)?.header.tensors.get(name);
    if (info !== undefined) return info;
    const near = nearestName(name, this.names);
    const hint = near === undefined ? `it has ${this.names.length} tensors of other names` : `the nearest name is ${near}`;
    throw new WeightsError({
      message: `${this.file} has no tensor ${name} (${hint}); check that the weights belong to this model`,
      details: { file: this.file, tensor: name, expected: name, actual: near },
    });
  }

  scaleInfo(name: string): TensorInfo | undefined {
    const info = this.info(name);
    const scale = this.#holders.get(scaleNameOf(name))?.header.tensors.get(scaleNameOf(name));
    const isScale = info.dtype === "I8" && scale?.dtype === "F32" && scale.shape.length === 1 && scale.shape[0] === info.shape[0];
    return isScale ? scale : undefined;
  }

  async read(name: string, expectedShape?: readonly number[]): Promise<Tensor> {
    const info = this.info(name);
    if (expectedShape !== undefined) checkShape(name, info, expectedShape);
    const scale = this.scaleInfo(name);
    const bytes = await this.#readBytes(name, info);
    if (scale === undefined) return toTensor(name, info, bytes);
    const scales = new Float32Array((await this.#readBytes(scaleNameOf(name), scale)).buffer);
    return { dtype: "float32", shape: info.shape, data: dequantizeRows({ values: new Int8Array(bytes.buffer), scales }) };
  }

  async close(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #readBytes(name: string, info: TensorInfo): Promise<Uint8Array<ArrayBuffer>> {
    return (this.#holders.get(name) as SafetensorsFile).readBytes(info);
  }
}

function checkShape(tensor: string, { file, shape }: TensorInfo, expected: readonly number[]): void {
  if (shape.length === expected.length && shape.every((size, axis) => size === expected[axis])) return;
  throw new WeightsError({
    message: `${file}: tensor ${tensor} has shape [${shape.join(", ")}], expected [${expected.join(", ")}]; check that config.json belongs to these weights`,
    details: { file, tensor, expected, actual: shape },
  });
}

const SINGLE = "model.safetensors";
const INDEX = "model.safetensors.index.json";

async function findWeights(path: string): Promise<string> {
  const place = await stat(path).catch((error: unknown) => Promise.reject(asFileError(error, path, "read")));
  if (!place.isDirectory()) return path;
  for (const name of [SINGLE, INDEX]) {
    const file = join(path, name);
    if (await stat(file).then(Boolean, () => false)) return file;
  }
  const message = `cannot read weights from ${path}: it holds neither ${SINGLE} nor ${INDEX}; check the folder or download the model again`;
  throw new FileError({ message, details: { file: path, errno: "ENOENT" } });
}

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string().regex(/^[^/\\]+\.safetensors$/)) });

async function openIndex(file: string): Promise<Safetensors> {
  const parsed = indexSchema.safeParse(await readJsonFile(file));
  if (!parsed.success) {
    const expected = '{ "weight_map": { tensor: "x.safetensors" } }';
    throw new WeightsError({
      message: `${file} is not an index of safetensors, expected ${expected}; download it again`,
      details: { file, expected },
    });
  }
  const shards = await openShards(file, [...new Set(Object.values(parsed.data.weight_map))].sort());
  const opened = new OpenedSafetensors(file, shards);
  try {
    checkIndex(opened, parsed.data.weight_map);
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function openShards(index: string, names: readonly string[]): Promise<SafetensorsFile[]> {
  const results = await Promise.allSettled(names.map((name) => SafetensorsFile.open(join(dirname(index), name))));
  const opened = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = results.find((result) => result.status === "rejected");
  if (failed === undefined) return opened;
  await Promise.all(opened.map((shard) => shard.close()));
  throw asMissingShard(failed.reason, index);
}

/** A shard that is not there is told with the index that names it. */
function asMissingShard(error: unknown, index: string): unknown {
  if (!(error instanceof FileError) || error.details["errno"] !== "ENOENT") return error;
  const message = `${index} names the shard ${String(error.details["file"])}, and there is no such file; download the model again`;
  return new FileError({ message, details: { ...error.details, index }, cause: error });
}

/** Every tensor lies in the shard that the index says. */
function checkIndex(opened: OpenedSafetensors, weightMap: Readonly<Record<string, string>>): void {
  for (const [tensor, shard] of Object.entries(weightMap)) {
    const expected = join(dirname(opened.file), shard);
    const actual = opened.has(tensor) ? opened.info(tensor).file : undefined;
    if (actual === expected) continue;
    const message = `${opened.file} says that tensor ${tensor} lies in ${shard}, but ${actual === undefined ? "no shard has it" : `${actual} has it`}; download the model again`;
    throw new WeightsError({ message, details: { file: opened.file, tensor, expected, actual } });
  }
}
