import type { ExternalData } from "../../engine/graph/operations.ts";
import { expectFloat, floatTensor, sizeOf, type FloatTensor } from "../../engine/tensor/tensor.ts";
import { WeightsError } from "../../errors/families.ts";
import { nearestName } from "../../files/nearest-name.ts";
import type { TensorInfo } from "../formats/safetensors-header.ts";
import { BLOCK_SIZE, blockCount, dequantizeBlocks } from "../formats/block-quantization.ts";
import { dequantizeColumns } from "../formats/column-quantization.ts";
import { quantizedNames, quantizedWeightOf, type QuantizedLayout } from "../formats/quantized-names.ts";
import { scaleNameOf } from "../formats/row-quantization.ts";
import type { Safetensors } from "../formats/safetensors.ts";
import { isAdapterWeight } from "../nn/lora-layers.ts";
import type { WeightLayout } from "../nn/parameter-source.ts";
import { shapeText, sameNumbers } from "./shape-text.ts";

/** One file of weights with the names under which graphs know its tensors. */
export interface WeightsSource {
  readonly file: Safetensors;
  /** Graph name -> name in the file. */
  readonly names: ReadonlyMap<string, string>;
  /** Whether a tensor that the model does not use is an error: so for files written for this one model. */
  readonly complete: boolean;
}

/** A weight that the graph asks for. */
export interface AskedWeight {
  /** As graphs have it. */
  readonly shape: readonly number[];
  /** As checkpoints store it. */
  readonly storedShape: readonly number[];
}

/** A weight in signed bytes. */
export interface QuantizedWeight {
  readonly layout: WeightLayout;
  readonly data: ExternalData;
  /** [outputs] float32; of blocks [outputs, blocks]. */
  readonly scales: FloatTensor;
}

const EXTERNAL_TYPES: ReadonlyMap<string, "float32" | "float16" | "bfloat16"> = new Map([
  ["F32", "float32"],
  ["F16", "float16"],
  ["BF16", "bfloat16"],
]);

interface Place {
  readonly file: Safetensors;
  readonly stored: string;
}

/** The weights of a model: everything its graph asks for is there, in the right shape; numbers are read when they are asked for. */
export class ModelWeights implements AsyncDisposable {
  /** Shapes as graphs have them. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Tensors in the files that the model does not use. */
  readonly unused: readonly string[];
  readonly #places: ReadonlyMap<string, Place>;
  readonly #sources: readonly WeightsSource[];

  /**
   * @param sources the files; of two that hold a name the first counts. @param asked by graph name.
   * @throws {WeightsError} if a weight is missing, has another shape, or a file that must be complete has one too many.
   */
  constructor(sources: readonly WeightsSource[], asked: ReadonlyMap<string, AskedWeight>) {
    this.#sources = sources;
    this.shapes = new Map([...asked].map(([name, { shape }]) => [name, shape]));
    this.#places = new Map([...asked.keys()].map((name) => [name, findWeight(name, sources, asked)]));
    for (const [name, weight] of asked)
      checkShape(name, inLayout(quantizedWeightOf(this.#place(name).stored)?.layout, weight), this.info(name));
    this.unused = sources.flatMap(({ names, file }) =>
      [...names].filter(([name]) => this.#places.get(name)?.file !== file).map(([, stored]) => stored),
    );
    for (const source of sources) if (source.complete) checkComplete(source, asked);
  }

  /** The files that hold the weights, sorted. */
  get files(): readonly string[] {
    return [...new Set([...this.#places.values()].map(({ file, stored }) => file.info(stored).file))].sort();
  }

  /** Where a weight lies and how it is stored. */
  info(name: string): TensorInfo {
    const { file, stored } = this.#place(name);
    return file.info(stored);
  }

  /** Bytes of a weight on disk, the scales of int8 rows included. */
  storedBytes(name: string): number {
    const { file, stored } = this.#place(name);
    const held = quantizedWeightOf(stored);
    const scales = held === undefined ? file.scaleInfo(stored) : file.info(quantizedNames(held.weight, held.layout).scales);
    return file.info(stored).byteLength + (scales?.byteLength ?? 0);
  }

  /** Where a weight lies if graphs can use its bytes as they are: float32, or halves. */
  locate(name: string): ExternalData | undefined {
    const { file, byteOffset, byteLength, dtype } = this.info(name);
    const stored = EXTERNAL_TYPES.get(dtype);
    return stored === undefined ? undefined : { file, byteOffset, byteLength, dtype: stored };
  }

  /**
   * Where a weight lies if it is held in bytes as graphs can compute with, and its scales; undefined if it is not.
   */
  async quantized(name: string): Promise<QuantizedWeight | undefined> {
    const { file, stored } = this.#place(name);
    const { file: path, byteOffset, byteLength, dtype } = file.info(stored);
    const held = quantizedWeightOf(stored);
    const scales = held === undefined ? scaleNameOf(stored) : quantizedNames(held.weight, held.layout).scales;
    if ((dtype !== "I8" && dtype !== "U8") || !file.has(scales)) return undefined;
    const data = { file: path, byteOffset, byteLength, dtype: dtype === "I8" ? "int8" : "uint8" } as const;
    return { layout: held?.layout ?? "rows", data, scales: expectFloat(await file.read(scales)) };
  }

  /** Reads a weight as float32, in the graph's shape. @throws {WeightsError} if the file became shorter. @throws {DisposedError} after close. */
  async read(name: string): Promise<FloatTensor> {
    const { file, stored } = this.#place(name);
    const held = quantizedWeightOf(stored);
    if (held !== undefined) return this.#readQuantized(name, quantizedNames(held.weight, held.layout), file);
    const { data } = await file.read(stored);
    if (data instanceof Float32Array) return floatTensor(this.shapes.get(name) as readonly number[], data);
    const actual = file.info(stored).dtype;
    throw new WeightsError({
      message: `${file.info(stored).file}: tensor ${stored} has dtype ${actual}, expected floats or int8 with row scales; write the model again`,
      details: { file: file.info(stored).file, tensor: stored, expected: "float", actual },
    });
  }

  /** Closes the files; a second call does nothing. */
  async close(): Promise<void> {
    await Promise.all(this.#sources.map(({ file }) => file.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #readQuantized(name: string, names: { readonly values: string; readonly scales: string }, file: Safetensors): Promise<FloatTensor> {
    const shape = this.shapes.get(name) as readonly [number, number];
    const scales = expectFloat(await file.read(names.scales)).data;
    const values = (await file.read(names.values)).data as Int32Array;
    const isInBlocks = file.info(names.values).dtype === "U8";
    return floatTensor(
      shape,
      isInBlocks
        ? dequantizeBlocks({ values: Uint8Array.from(values), scales }, shape)
        : dequantizeColumns({ values: Int8Array.from(values), scales }),
    );
  }

  #place(name: string): Place {
    const place = this.#places.get(name);
    if (place !== undefined) return place;
    throw new WeightsError({ message: `the model has no weight ${name}`, details: { tensor: name } });
  }
}

function findWeight(
  name: string,
  sources: readonly WeightsSource[],
  asked: ReadonlyMap<string, AskedWeight>,
): { file: Safetensors; stored: string } {
  for (const { file, names } of sources) {
    const stored = names.get(name);
    if (stored !== undefined) return { file, stored };
  }
  const { file, all, others } = describeMissing(name, sources, asked);
  const more = others === 0 ? "" : `, nor ${others} others that the model needs`;
  const near = nearestName(name, all);
  const hint = near === undefined ? "" : ` (the nearest name is ${near})`;
  const expected = (asked.get(name) as AskedWeight).storedShape;
  throw new WeightsError({
    message: `${file} has no tensor ${name} ${shapeText(expected)}${more}${hint}; check that config.json and polyvec.json belong to these weights`,
    details: { file, tensor: name, expected, actual: null },
  });
}

/** The file that should have held a missing weight, the names that are there, and how many more are missing. */
function describeMissing(
  name: string,
  sources: readonly WeightsSource[],
  asked: ReadonlyMap<string, AskedWeight>,
): { file: string; all: string[]; others: number } {
  const all = sources.flatMap((source) => [...source.names.keys()]);
  const known = new Set(all);
  const others = [...asked.keys()].filter((key) => key !== name && !known.has(key)).length;
  const likely = sources.find(({ names }) => [...names.keys()].some((key) => familyOf(key) === familyOf(name))) ?? sources.at(-1);
  return { file: likely?.file.file ?? "the model", all, others };
}

/** Paths, adapters or backbone: the three kinds of files. */
function familyOf(name: string): string {
  if (name.startsWith("paths.")) return "paths";
  return isAdapterWeight(name) ? "adapter" : "backbone";
}

/** The shapes of a weight as a layout stores it. */
function inLayout(layout: QuantizedLayout | undefined, weight: AskedWeight): AskedWeight {
  const [outputs = 0, inputs = 0] = weight.shape;
  if (layout === undefined) return weight;
  const stored = layout === "columns" ? [inputs, outputs] : [outputs, blockCount(inputs), BLOCK_SIZE / 2];
  return { shape: stored, storedShape: stored };
}

function checkShape(name: string, { shape, storedShape }: AskedWeight, info: TensorInfo): void {
  if (sameNumbers(info.shape, storedShape) || (sameNumbers(info.shape, shape) && sizeOf(shape) === sizeOf(storedShape))) return;
  throw new WeightsError({
    message: `${info.file}: tensor ${name} has shape ${shapeText(info.shape)}, expected ${shapeText(storedShape)}; check that config.json and polyvec.json belong to these weights`,
    details: { file: info.file, tensor: name, expected: storedShape, actual: info.shape },
  });
}

function checkComplete({ file, names }: WeightsSource, asked: ReadonlyMap<string, AskedWeight>): void {
  const extra = [...names].filter(([name]) => !asked.has(name)).map(([, stored]) => stored);
  if (extra.length === 0) return;
  const list = extra.slice(0, 3).join(", ") + (extra.length > 3 ? `, ... (${extra.length} in all)` : "");
  throw new WeightsError({
    message: `${file.file} holds tensors that the model does not use: ${list}; check that its configuration belongs to it`,
    details: { file: file.file, tensor: extra[0], expected: [...asked.keys()].filter((name) => names.has(name)), actual: extra },
  });
}
