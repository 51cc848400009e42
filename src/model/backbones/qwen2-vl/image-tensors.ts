import { floatTensor, type FloatTensor } from "../../../engine/tensor/tensor.ts";
import type { ImageTensors } from "../../multimodal/token-batch.ts";
import { MASKED } from "../../nn/causal-bias.ts";
import type { Qwen2VLVisionConfig } from "./config.ts";
import { visionRotaryTables, type PatchGrid } from "./vision-rotary.ts";

/** Patches of several images, one after another. */
export interface ImageBatch {
  /** [patches of all images, channels * temporalPatch * patch * patch] float32. */
  readonly pixelValues: FloatTensor;
  readonly grids: readonly PatchGrid[];
}

/** Images as the vision tower takes them: padded to the longest, with their rotary angles; undefined if there are none. */
export function imageTensors(
  vision: Pick<Qwen2VLVisionConfig, "embedDimension" | "headCount" | "spatialMergeSize">,
  { pixelValues, grids }: ImageBatch,
): ImageTensors | undefined {
  if (grids.length === 0) return undefined;
  const perBlock = vision.spatialMergeSize ** 2;
  const sizes = grids.map(({ rows, columns }) => rows * columns);
  const longest = Math.max(...sizes);
  const shape = [sizes.length, longest / perBlock, perBlock] as const;
  const width = pixelValues.shape[1] as number;
  const tables = visionRotaryTables(vision, grids);
  const half = tables.cosines.shape[2] as number;
  const isPadded = sizes.some((size) => size !== longest);
  const mode = isOneSize(grids) ? "uniform" : "ragged";
  const data = isPadded ? padImages(pixelValues.data, { sizes, longest, width }) : pixelValues.data;
  return {
    mode,
    inputs: {
      pixelValues: floatTensor([...shape, width], data),
      visionCosines: floatTensor([...shape, half], tables.cosines.data),
      visionSines: floatTensor([...shape, half], tables.sines.data),
      ...(mode === "ragged" ? { visionBias: floatTensor(shape, paddingBias(sizes, longest)) } : {}),
    },
    featureRows: Int32Array.from(
      sizes.flatMap((size, image) => Array.from({ length: size / perBlock }, (_, block) => image * shape[1] + block)),
    ),
  };
}

function isOneSize([first, ...others]: readonly PatchGrid[]): boolean {
  return others.every(({ rows, columns }) => rows === first?.rows && columns === first.columns);
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
