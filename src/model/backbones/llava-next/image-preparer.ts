import { ConfigError } from "../../../errors/families.ts";
import { fitImage, type ImageFitting } from "../../multimodal/image-fitting.ts";
import type { ImagePreparer } from "../../multimodal/image-preparer.ts";
import { imageGrid, imageTokenCount } from "./image-grid.ts";
import { imageTiles, tileTensors } from "./image-tiles.ts";
import { toHuggingFacePreprocessorConfig, type ImageProcessorConfig } from "./preprocessor-config.ts";

/**
 * Images as LLaVA-NeXT takes them: in tiles, every one of which is encoded once. With pinpoints an image stays as large as it is until it is cut,
 * as both the base image and the tiles are made from all of its pixels.
 */
export function llavaNextImages(imageTokenId: number, settings: ImageProcessorConfig): ImagePreparer {
  const { gridPinpoints, tileSize } = settings;
  const isBaseOnly = gridPinpoints.length === 0;
  const fitting: ImageFitting = isBaseOnly ? { kind: "square", side: tileSize } : { kind: "none" };
  return {
    maxPixels: Math.max(tileSize ** 2, ...gridPinpoints.map(({ width, height }) => width * height)),
    fitting,
    fit: (image) => fitImage(image, fitting),
    layout(size) {
      const grid = imageGrid(size, settings);
      const tokens = Array.from({ length: imageTokenCount(grid, settings) }, () => imageTokenId);
      return { tokens, grid: isBaseOnly ? { rows: 1, columns: 1 } : grid.tiles };
    },
    toTensors: (images) => (images.length === 0 ? undefined : tileTensors(imageTiles(images, settings), images, settings)),
    withPixels: (limits) => llavaNextImages(imageTokenId, withPixels(settings, limits)),
    toHuggingFaceConfig: () => toHuggingFacePreprocessorConfig(settings),
    toProcessorConfig: () => ({
      processor_class: "LlavaNextProcessor",
      patch_size: settings.patchSize,
      vision_feature_select_strategy: "default",
      num_additional_image_tokens: 1, // the class token, which the tower has and the decoder does not see
    }),
  };
}

/** Limits of pixels choose among the pinpoints; if none is within them, the base image is, or nothing. */
function withPixels(
  settings: ImageProcessorConfig,
  limits: { readonly minPixels: number; readonly maxPixels: number },
): ImageProcessorConfig {
  const { tileSize } = settings;
  const isWithin = (pixels: number): boolean => pixels >= limits.minPixels && pixels <= limits.maxPixels;
  const gridPinpoints = settings.gridPinpoints.filter(({ width, height }) => isWithin(width * height));
  if (gridPinpoints.length > 0 || isWithin(tileSize ** 2)) return { ...settings, gridPinpoints };
  const sizes = [{ width: tileSize, height: tileSize }, ...settings.gridPinpoints].map(({ width, height }) => `${width} x ${height}`);
  const message = `the model looks at images of ${sizes.join(", ")} pixels, none of which is from ${limits.minPixels} to ${limits.maxPixels} pixels large; change model.imageSize or leave it out`;
  throw new ConfigError({ message, details: { field: "model.imageSize", got: limits, expected: sizes } });
}
