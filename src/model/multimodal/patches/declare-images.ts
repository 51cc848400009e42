import { multiplyDimensions, symbol, type Dimension } from "../../../engine/graph/dimension.ts";
import type { GraphBuilder } from "../../../engine/graph/graph-builder.ts";
import { reshape } from "../../../engine/graph/operators.ts";
import type { Value } from "../../../engine/graph/value.ts";
import type { EncodeImagesOptions } from "../backbone.ts";
import type { PatchVisionConfig } from "./patch-grid.ts";

/** What a vision tower sees. */
export interface VisionInputs {
  /** [images, patches, channels * temporalPatch * patch * patch] float32, patches in merge-block order, padded to the longest image. */
  readonly pixelValues: Value;
  /** [images, patches, headWidth / 2] float32: cosines of the two-dimensional rotary embedding. */
  readonly cosines: Value;
  /** As `cosines`. */
  readonly sines: Value;
  /** [images, 1, 1, patches] float32, large and negative at padding; absent where all images have the same size. */
  readonly bias?: Value | undefined;
}

/** The graph inputs of a batch's images, as `imageTensors` makes them. */
export function declareImages(builder: GraphBuilder, vision: PatchVisionConfig, options: EncodeImagesOptions): VisionInputs {
  const { outside, images, patches } = patchShape(vision, options);
  const input = (name: string, width: number): Value => declarePerPatch(builder, vision, { ...options, name, width });
  const half = vision.embedDimension / vision.headCount / 2;
  const padding = (): Value => reshape(builder.input(`${options.inputPrefix}visionBias`, "float32", outside), [images, 1, 1, patches]);
  return {
    pixelValues: input("pixelValues", vision.inChannels * vision.temporalPatchSize * vision.patchSize ** 2),
    cosines: input("visionCosines", half),
    sines: input("visionSines", half),
    bias: options.vision === "ragged" ? padding() : undefined,
  };
}

/** An input that holds a vector for each patch. */
export interface PerPatchInput extends Pick<EncodeImagesOptions, "inputPrefix"> {
  readonly name: string;
  readonly width: number;
  readonly dtype?: "float32" | "int32";
}

/** Declares an input `[images, blocks, patches of a block, width]`, so that patches come in whole blocks; as `[images, patches, width]`. */
export function declarePerPatch(
  builder: GraphBuilder,
  vision: Pick<PatchVisionConfig, "spatialMergeSize">,
  { inputPrefix, name, width, dtype = "float32" }: PerPatchInput,
): Value {
  const { outside, images, patches } = patchShape(vision, { inputPrefix });
  return reshape(builder.input(inputPrefix + name, dtype, [...outside, width]), [images, patches, width]);
}

function patchShape(
  { spatialMergeSize }: Pick<PatchVisionConfig, "spatialMergeSize">,
  { inputPrefix }: Pick<EncodeImagesOptions, "inputPrefix">,
): { readonly outside: readonly Dimension[]; readonly images: Dimension; readonly patches: Dimension } {
  const [images, blocks, perBlock] = [symbol(`${inputPrefix}images`), symbol(`${inputPrefix}blocks`), spatialMergeSize ** 2];
  return { outside: [images, blocks, perBlock], images, patches: multiplyDimensions(blocks, perBlock) };
}

/** Features `[images, blocks, width]` as rows `[images * blocks, width]`. */
export function featureRows(features: Value): Value {
  const [images, blocks, width] = features.shape as [Dimension, Dimension, Dimension];
  return reshape(features, [multiplyDimensions(images, blocks), width]);
}
