import { present } from "../../../errors/families.ts";
import { floatTensor, intTensor, type FloatTensor, type IntTensor, type Tensor } from "../../../engine/tensor/tensor.ts";
import { MASKED } from "../../nn/causal-bias.ts";
import type { PathConfig } from "../../paths/path-config.ts";
import type { Qwen2VLConfig } from "./config.ts";
import type { VisionMode } from "./model.ts";
import { decoderRotaryTables, visionRotaryTables, type PatchGrid } from "./rotary-tables.ts";

/** A batch as the processor makes it. */
export interface TokenBatch {
  /** [B, T] int32, padded on the right. */
  readonly inputIds: IntTensor;
  /** [B] number of real tokens. */
  readonly lengths: Int32Array;
  /** [3, B, T] int32: temporal, height and width position. */
  readonly positionIds: IntTensor;
  /** All images of the batch, in the order of their tokens. */
  readonly images?: ImageBatch | undefined;
}

/** Patches of several images, one after another. */
export interface ImageBatch {
  /** [patches of all images, channels * temporalPatch * patch * patch] float32. */
  readonly pixelValues: FloatTensor;
  readonly grids: readonly PatchGrid[];
}

/** Which graph a batch needs. */
export function visionModeOf({ images }: TokenBatch): VisionMode {
  const [first, ...others] = images?.grids ?? [];
  if (first === undefined) return "none";
  return others.every(({ rows, columns }) => rows === first.rows && columns === first.columns) ? "uniform" : "ragged";
}

/** The inputs of a model graph (without weights) for a batch. */
export function modelInputs(config: Qwen2VLConfig, paths: PathConfig, batch: TokenBatch): Record<string, Tensor> {
  const [rows, tokens] = batch.inputIds.shape as [number, number];
  const tables = decoderRotaryTables(config, batch.positionIds.data, [rows, tokens]);
  return {
    inputIds: batch.inputIds,
    cosines: tables.cosines,
    sines: tables.sines,
    lastRows: intTensor(
      [rows],
      Int32Array.from(batch.lengths, (length, row) => row * tokens + length - 1),
    ),
    ...readoutInputs(config, paths, batch),
    ...(batch.images === undefined || batch.images.grids.length === 0 ? {} : imageInputs(config, batch, batch.images)),
  };
}

/** Positions of the readout tokens: right behind each input's last one, counted anew in each path. */
function readoutInputs(config: Qwen2VLConfig, { topology, count }: PathConfig, batch: TokenBatch): Record<string, Tensor> {
  if (topology.kind !== "shared") return {};
  const [rows, tokens] = batch.inputIds.shape as [number, number];
  const readouts = count * topology.readoutTokens;
  const positions = new Int32Array(3 * rows * readouts);
  for (let row = 0; row < rows; row++) {
    const last = lastPosition(batch, row, tokens);
    for (let readout = 0; readout < readouts; readout++) {
      for (let axis = 0; axis < 3; axis++)
        positions[(axis * rows + row) * readouts + readout] = last + 1 + (readout % topology.readoutTokens);
    }
  }
  const { cosines, sines } = decoderRotaryTables(config, positions, [rows, readouts]);
  return { lengths: intTensor([rows], batch.lengths), readoutCosines: cosines, readoutSines: sines };
}

function lastPosition({ positionIds, lengths, inputIds }: TokenBatch, row: number, tokens: number): number {
  const rows = inputIds.shape[0] as number;
  const at = row * tokens + (lengths[row] as number) - 1;
  return Math.max(...[0, 1, 2].map((axis) => positionIds.data[axis * rows * tokens + at] as number));
}

function imageInputs(config: Qwen2VLConfig, batch: TokenBatch, images: ImageBatch): Record<string, Tensor> {
  const { vision, imageTokenId } = config;
  const perBlock = vision.spatialMergeSize ** 2;
  const sizes = images.grids.map(({ rows, columns }) => rows * columns);
  const longest = Math.max(...sizes);
  const shape = [sizes.length, longest / perBlock, perBlock] as const;
  const width = images.pixelValues.shape[1] as number;
  const tables = visionRotaryTables(vision, images.grids);
  const half = tables.cosines.shape[2] as number;
  const ragged = sizes.some((size) => size !== longest);
  const features = sizes.flatMap((size, image) => Array.from({ length: size / perBlock }, (_, block) => image * shape[1] + block));
  return {
    pixelValues: floatTensor(
      [...shape, width],
      ragged ? padImages(images.pixelValues.data, { sizes, longest, width }) : images.pixelValues.data,
    ),
    visionCosines: floatTensor([...shape, half], tables.cosines.data),
    visionSines: floatTensor([...shape, half], tables.sines.data),
    sourceRows: sourceRows(batch.inputIds, imageTokenId, features),
    ...(visionModeOf(batch) === "ragged" ? { visionBias: floatTensor(shape, paddingBias(sizes, longest)) } : {}),
  };
}

/** For each token the row it comes from: its own embedding, or the next image feature behind all B * T embeddings. */
function sourceRows(inputIds: IntTensor, imageTokenId: number, features: readonly number[]): IntTensor {
  let used = 0;
  const rows = inputIds.data.map((id, at) =>
    id === imageTokenId ? inputIds.data.length + present(features[used++], "an image feature") : at,
  );
  return intTensor(inputIds.shape, rows);
}

interface Padding {
  readonly sizes: readonly number[];
  readonly longest: number;
  readonly width: number;
}

function padImages(pixels: Float32Array, { sizes, longest, width }: Padding): Float32Array {
  const padded = new Float32Array(sizes.length * longest * width);
  let from = 0;
  sizes.forEach((size, image) => {
    padded.set(pixels.subarray(from, from + size * width), image * longest * width);
    from += size * width;
  });
  return padded;
}

function paddingBias(sizes: readonly number[], longest: number): Float32Array {
  return Float32Array.from({ length: sizes.length * longest }, (_, at) =>
    at % longest < (sizes[Math.floor(at / longest)] as number) ? 0 : MASKED,
  );
}
