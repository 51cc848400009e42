import type { Tokenizer } from "../../formats/tokenizer.ts";
import { fitImage, type ImageFitting } from "../../multimodal/image-fitting.ts";
import type { ImagePreparer } from "../../multimodal/image-preparer.ts";
import type { Idefics3Config } from "./config.ts";
import { mostPixels, tileLayout, type TileLayout } from "./image-layout.ts";
import { tileTensors, type TileGrid } from "./image-tiles.ts";
import { imageTokens } from "./image-tokens.ts";
import { toHuggingFacePreprocessorConfig, type ImageProcessorConfig } from "./preprocessor-config.ts";

/** What images are prepared with. */
export interface PreparerParts {
  readonly config: Pick<Idefics3Config, "modelType" | "scaleFactor" | "vision">;
  readonly tokenizer: Tokenizer;
  readonly settings: ImageProcessorConfig;
}

/** How the patches of a tile lie. */
export function tileGrid({ vision, scaleFactor }: Pick<Idefics3Config, "scaleFactor" | "vision">, tileSize: number): TileGrid {
  const { patchSize, imageSize } = vision;
  const perSide = Math.floor(tileSize / patchSize);
  return { patchSize, perSide, blockSize: scaleFactor, places: Math.floor(imageSize / patchSize) };
}

/** Images as Idefics3 takes them: in tiles, every one of which is encoded once and stands in the prompt behind a marker. */
export function idefics3Images({ config, tokenizer, settings }: PreparerParts): ImagePreparer {
  const grid = tileGrid(config, settings.tileSize);
  const tokensPerTile = (grid.perSide / grid.blockSize) ** 2;
  const name = config.modelType === "smolvlm" ? "SmolVLM" : "Idefics3";
  const known = new Map<string, readonly number[]>();
  const tokensOf = ({ rows, columns }: TileLayout): readonly number[] => {
    const key = `${rows} x ${columns}`;
    const tokens = known.get(key) ?? imageTokens({ rows, columns }, { tokenizer, tokensPerTile });
    known.set(key, tokens);
    return tokens;
  };
  const { doResize, longestEdge, filter } = settings;
  const fitting: ImageFitting = { kind: "longest-edge", doResize, longestEdge, filter };
  return {
    maxPixels: mostPixels(settings),
    fitting,
    fit: (image) => fitImage(image, fitting),
    layout(size) {
      const layout = tileLayout(size, settings);
      return { tokens: tokensOf(layout), grid: { rows: Math.max(1, layout.rows), columns: Math.max(1, layout.columns) } };
    },
    toTensors: (images) => (images.length === 0 ? undefined : tileTensors(images, settings, grid)),
    withPixels: ({ maxPixels }) => idefics3Images({ config, tokenizer, settings: { ...settings, ...edgeOf(maxPixels, settings) } }),
    toHuggingFaceConfig: () => toHuggingFacePreprocessorConfig(settings, { name }),
    toProcessorConfig: () => ({ processor_class: `${name}Processor`, image_seq_len: tokensPerTile }),
  };
}

/** The longest side, in whole tiles and at least one, whose square has so many pixels. Smaller images are enlarged to it: there is no lower limit. */
function edgeOf(maxPixels: number, { tileSize }: ImageProcessorConfig): Pick<ImageProcessorConfig, "longestEdge" | "doResize"> {
  return { longestEdge: Math.max(1, Math.floor(Math.sqrt(maxPixels) / tileSize)) * tileSize, doResize: true };
}
