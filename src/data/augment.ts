import type { RawImage } from "../inputs/embedding-input.ts";
import type { RandomStream } from "../random/random-stream.ts";
import { colourMatrix, type ColourChange } from "./images/colour-matrix.ts";
import { WHITE, withBackground, type DrawnImage, type Rgb } from "./images/drawn-image.ts";
import { restyle, type DrawingStyle } from "./images/drawing-styles.ts";
import { warpImage, type Placement } from "./images/warp-image.ts";

/** What may be changed in a picture without changing what it means. */
export interface AugmentationLimits {
  /** Left and right may be exchanged: not for arrows, hands that point, letters, clocks. */
  readonly flip: boolean;
  /** Colours may become others or grey: not where the colour is the meaning ("red heart"). */
  readonly recolour: boolean;
  /** It may be turned by more than a few degrees: not clocks and arrows. */
  readonly turn: boolean;
}

const DIRECTION =
  /\b(?:left|right|leftwards?|rightwards?|clockwise|counterclockwise|anticlockwise|arrow|east|west|next|previous|forward|reverse|back|facing|o'clock|thirty|clock|mirror)\b/i;
const LETTERING =
  /\b(?:button|keycap|input|letter|latin|sign|digit|number|math|currency|dollar|yen|euro|pound|zodiac|symbol|mark|abc|text|japanese|calendar|medal)\b/i;
const COLOUR =
  /\b(?:red|orange|yellow|green|blue|purple|violet|brown|black|white|gr[ae]y|pink|colou?rs?|rainbow|silver|gold|bronze|light blue)\b/i;

/**
 * What the words of a picture allow: no mirroring where they name a direction, a letter or a sign, no other colours where they name one, only
 * slight turns where the angle tells something.
 * @param words label, tags and categories of the picture.
 */
export function augmentationLimits(label: string, words: readonly string[]): AugmentationLimits {
  const all = [label, ...words].join(" | ");
  return { flip: !DIRECTION.test(all) && !LETTERING.test(all), recolour: !COLOUR.test(label), turn: !DIRECTION.test(all) };
}

/** What is allowed where nothing is known about a picture. */
export const CAREFUL_LIMITS: AugmentationLimits = { flip: false, recolour: false, turn: false };

const STYLES: readonly (readonly [DrawingStyle, number])[] = [
  ["outlined", 0.22],
  ["flat", 0.12],
  ["line", 0.08],
  ["grey", 0.05],
];
const DEGREE = Math.PI / 180;

/**
 * A picture that means the same: another manner of drawing (flat with dark outlines, lines only, few colours, grey), another background, turned,
 * scaled, shifted, mirrored, with other brightness, contrast, saturation and slightly other hues, blurred, with a piece cut out: each by chance,
 * as `limits` allow. Drawn from `stream` alone: the same stream gives the same picture.
 * @returns a new image of the same size; about 0.3 ms at 64 x 64.
 */
export function augmentDrawing(drawn: DrawnImage, stream: RandomStream, limits: AugmentationLimits): RawImage {
  const style = drawStyle(stream, limits);
  const restyled = restyle(drawn, style, stream.uniform());
  const background = drawBackground(stream);
  const onBackground = background === WHITE ? restyled.image : withBackground(restyled, background);
  const warped = warpImage(onBackground, drawPlacement(stream, limits), colourMatrix(drawColours(stream, limits)), background);
  if (stream.uniform() < 0.12) blur(warped);
  if (stream.uniform() < 0.15) cutOut(warped, stream);
  return warped;
}

function drawStyle(stream: RandomStream, limits: AugmentationLimits): DrawingStyle {
  let draw = stream.uniform();
  for (const [style, share] of STYLES) {
    if (draw < share) return limits.recolour || style === "outlined" || style === "flat" ? style : "plain";
    draw -= share;
  }
  return "plain";
}

/** White mostly, else a light colour, seldom a dark one. */
function drawBackground(stream: RandomStream): Rgb {
  const draw = stream.uniform();
  if (draw < 0.7) return WHITE;
  const [low, span] = draw < 0.95 ? [190, 66] : [20, 90];
  return [low + stream.integer(span), low + stream.integer(span), low + stream.integer(span)];
}

function drawPlacement(stream: RandomStream, limits: AugmentationLimits): Placement {
  const scale = 0.68 + 0.47 * stream.uniform();
  const stretch = 1 + 0.1 * (stream.uniform() - 0.5);
  return {
    flip: stream.uniform() < 0.5 && limits.flip,
    scaleX: scale * stretch,
    scaleY: scale / stretch,
    rotation: (stream.uniform() * 2 - 1) * (limits.turn ? 14 : 4) * DEGREE,
    shiftX: 0.16 * (stream.uniform() - 0.5),
    shiftY: 0.16 * (stream.uniform() - 0.5),
  };
}

/** Most often the paper stays white and only the ink changes; else everything gets lighter or darker. */
function drawColours(stream: RandomStream, limits: AugmentationLimits): ColourChange {
  const range = limits.recolour ? 1 : 0.4;
  const whitePaper = stream.uniform() < 0.65;
  const brightness = 1 + 0.18 * (stream.uniform() * 2 - 1) * range;
  return {
    hue: 0.04 * (stream.uniform() * 2 - 1) * range,
    saturation: 1 + 0.4 * (stream.uniform() * 2 - 1) * range,
    brightness: whitePaper ? 1 : brightness,
    contrast: 1 + 0.25 * (stream.uniform() * 2 - 1) * range,
    pivot: whitePaper ? 255 : 127.5,
  };
}

/** A 3 x 3 box blur in place: each pixel becomes the mean of itself and its neighbours; the rim stays. */
function blur({ width, height, data }: RawImage): void {
  const source = data.slice();
  for (let y = 1; y < height - 1; y++) {
    for (let x = 3; x < width * 3 - 3; x++) {
      let sum = 4;
      for (let row = y - 1; row <= y + 1; row++) {
        const offset = row * width * 3 + x;
        sum += (source[offset - 3] as number) + (source[offset] as number) + (source[offset + 3] as number);
      }
      data[y * width * 3 + x] = sum / 9;
    }
  }
}

/** Covers a rectangle of 15 to 35 % of each side with one colour, in place. */
function cutOut({ width, height, data }: RawImage, stream: RandomStream): void {
  const across = Math.round(width * (0.15 + 0.2 * stream.uniform()));
  const down = Math.round(height * (0.15 + 0.2 * stream.uniform()));
  const left = stream.integer(width - across + 1);
  const top = stream.integer(height - down + 1);
  const shade = stream.uniform() < 0.5 ? 255 : stream.integer(256);
  for (let row = top; row < top + down; row++) data.fill(shade, (row * width + left) * 3, (row * width + left + across) * 3);
}
