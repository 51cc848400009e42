import type { RawImage } from "../../inputs/embedding-input.ts";
import type { ImageSize } from "../../inputs/resize-image.ts";
import type { ImageFitting } from "./image-fitting.ts";
import type { ImageTensors } from "./token-batch.ts";

/** What an image becomes in a prompt. */
export interface ImageLayout {
  /** The ids that stand for it, markers of its parts included. */
  readonly tokens: readonly number[];
  /** Rows and columns of patches, or of tiles: images of one grid are batched together. */
  readonly grid: { readonly rows: number; readonly columns: number };
}

/** How a backbone takes images. */
export interface ImagePreparer {
  /** The most pixels of an image that are looked at. */
  readonly maxPixels: number;
  /** How `fit` does it. */
  readonly fitting: ImageFitting;
  /** The image as large as the model takes it. @throws {ProcessorError} if its shape cannot be taken. */
  fit(image: RawImage): RawImage;
  /** What an image of that size becomes. @throws {ProcessorError} as `fit`. */
  layout(size: ImageSize): ImageLayout;
  /** All images of a batch as graph inputs; undefined if there are none. */
  toTensors(images: readonly RawImage[]): ImageTensors | undefined;
  /** The same with other limits of an image's pixels; absent where they are fixed. */
  withPixels?(limits: { readonly minPixels: number; readonly maxPixels: number }): ImagePreparer;
  /** The `preprocessor_config.json` that `transformers` loads. */
  toHuggingFaceConfig(): Readonly<Record<string, unknown>>;
  /** The `processor_config.json` that stands beside it, where `transformers` needs to be told more than the image processor's settings. */
  toProcessorConfig?(): Readonly<Record<string, unknown>>;
}
