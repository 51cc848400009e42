import type { RawImage } from "../../inputs/embedding-input.ts";
import type { DrawnImage } from "./drawn-image.ts";

/** A manner of drawing the same thing. */
export type DrawingStyle = "plain" | "outlined" | "line" | "flat" | "grey";

/**
 * Redraws a picture in another manner, as vendors differ: `outlined` (flat colours and dark lines along the edges), `line` (dark lines on
 * white), `flat` (few colours, no shading), `grey`.
 * @param strength 0 to 1: how dark the lines or how few the colours are.
 */
export function restyle(drawn: DrawnImage, style: DrawingStyle, strength: number): DrawnImage {
  switch (style) {
    case "plain":
      return drawn;
    case "flat":
      return { ...drawn, image: posterise(drawn.image, levelsOf(strength)) };
    case "grey":
      return { ...drawn, image: grey(drawn.image) };
    case "outlined": {
      const lines = edges(drawn);
      return { image: inkLines(posterise(drawn.image, levelsOf(strength)), lines, strength), alpha: withLines(drawn.alpha, lines) };
    }
    case "line": {
      const lines = edges(drawn);
      const { width, height } = drawn.image;
      const paper = { width, height, data: new Uint8Array(width * height * 3).fill(255) };
      return { image: inkLines(paper, lines, 0.5 + strength / 2), alpha: withLines(new Uint8Array(drawn.alpha.length), lines) };
    }
  }
}

/** 6 levels per channel down to 3. */
function levelsOf(strength: number): number {
  return 6 - Math.round(strength * 3);
}

function posterise(image: RawImage, levels: number): RawImage {
  const step = 255 / (levels - 1);
  const table = Uint8Array.from({ length: 256 }, (_, value) => Math.round(Math.round(value / step) * step));
  const data = new Uint8Array(image.data.length);
  for (let offset = 0; offset < data.length; offset++) data[offset] = table[image.data[offset] as number] as number;
  return { ...image, data };
}

function grey(image: RawImage): RawImage {
  const data = new Uint8Array(image.data.length);
  for (let offset = 0; offset < data.length; offset += 3) {
    const [red, green, blue] = [image.data[offset] as number, image.data[offset + 1] as number, image.data[offset + 2] as number];
    data[offset] = data[offset + 1] = data[offset + 2] = 0.299 * red + 0.587 * green + 0.114 * blue;
  }
  return { ...image, data };
}

/** Gradients below the first leave no line, above the second a full one. */
const FAINT_EDGE = 130;
const STRONG_EDGE = 420;

/** How much of an edge each pixel is, 0 to 1: Sobel's gradient of the three channels and of the opacity, whichever is strongest. */
function edges({ image, alpha }: DrawnImage): Float32Array {
  const { width, height, data } = image;
  const strongest = new Float32Array(width * height);
  keepGradients(strongest, alpha, { width, height, channels: 1, channel: 0 });
  for (let channel = 0; channel < 3; channel++) keepGradients(strongest, data, { width, height, channels: 3, channel });
  for (let pixel = 0; pixel < strongest.length; pixel++) {
    strongest[pixel] = Math.min(1, Math.max(0, ((strongest[pixel] as number) - FAINT_EDGE) / (STRONG_EDGE - FAINT_EDGE)));
  }
  return strongest;
}

/** Raises every pixel inside the rim to |horizontal| + |vertical| Sobel response of one channel, where that is more. */
function keepGradients(
  strongest: Float32Array,
  data: Uint8Array,
  { width, height, channels, channel }: { width: number; height: number; channels: number; channel: number },
): void {
  const line = width * channels;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * line + x * channels + channel;
      const northWest = data[at - line - channels] as number;
      const northEast = data[at - line + channels] as number;
      const southWest = data[at + line - channels] as number;
      const southEast = data[at + line + channels] as number;
      const across =
        northEast - northWest + southEast - southWest + 2 * ((data[at + channels] as number) - (data[at - channels] as number));
      const down = southWest - northWest + southEast - northEast + 2 * ((data[at + line] as number) - (data[at - line] as number));
      const response = Math.abs(across) + Math.abs(down);
      if (response > (strongest[y * width + x] as number)) strongest[y * width + x] = response;
    }
  }
}

function inkLines(image: RawImage, lines: Float32Array, strength: number): RawImage {
  const data = new Uint8Array(image.data.length);
  for (let pixel = 0, offset = 0; pixel < lines.length; pixel++) {
    const rest = 1 - (lines[pixel] as number) * (0.6 + 0.4 * strength);
    for (const end = offset + 3; offset < end; offset++) data[offset] = (image.data[offset] as number) * rest;
  }
  return { ...image, data };
}

/** Lines are at least as opaque as they are dark. */
function withLines(alpha: Uint8Array, lines: Float32Array): Uint8Array {
  const opacity = new Uint8Array(alpha.length);
  for (let pixel = 0; pixel < alpha.length; pixel++) opacity[pixel] = Math.max(alpha[pixel] as number, (lines[pixel] as number) * 255);
  return opacity;
}
