import type { DrawnImage } from "./drawn-image.ts";

/** The colours a picture can mostly be. */
export const COLOUR_NAMES = ["red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "grey"] as const;
/** A basic colour. */
export type ColourName = (typeof COLOUR_NAMES)[number];

/** A pixel counts as drawn from this opacity on. */
const OPAQUE = 128;

/**
 * The colour that more than `share` of the drawn pixels have, dark outlines (black) counted only where black itself is that many.
 * @returns undefined if no colour is.
 */
export function dominantColour({ image, alpha }: DrawnImage, share = 0.5): ColourName | undefined {
  const counts = new Map<ColourName, number>();
  let drawn = 0;
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    if ((alpha[pixel] as number) < OPAQUE) continue;
    const offset = pixel * 3;
    const name = colourName(image.data[offset] as number, image.data[offset + 1] as number, image.data[offset + 2] as number);
    counts.set(name, (counts.get(name) ?? 0) + 1);
    drawn++;
  }
  const black = counts.get("black") ?? 0;
  if (drawn === 0 || black > share * drawn) return drawn === 0 ? undefined : "black";
  const [name, count] = [...counts].filter(([colour]) => colour !== "black").sort((left, right) => right[1] - left[1])[0] ?? [undefined, 0];
  return count > share * (drawn - black) ? name : undefined;
}

/** The basic colour of a pixel, by hue, saturation and lightness. */
export function colourName(red: number, green: number, blue: number): ColourName {
  const highest = Math.max(red, green, blue);
  const lowest = Math.min(red, green, blue);
  const chroma = highest - lowest;
  const lightness = (highest + lowest) / 510;
  if (highest < 60) return "black";
  if (chroma < 36) return lightness > 0.85 ? "white" : lightness < 0.2 ? "black" : "grey";
  return nameOfHue(hueOf(red, green, blue), lightness, chroma / 255);
}

function hueOf(red: number, green: number, blue: number): number {
  const highest = Math.max(red, green, blue);
  const chroma = highest - Math.min(red, green, blue);
  const turn = highest === red ? (green - blue) / chroma : highest === green ? 2 + (blue - red) / chroma : 4 + (red - green) / chroma;
  return (turn * 60 + 360) % 360;
}

function nameOfHue(hue: number, lightness: number, chroma: number): ColourName {
  if (hue >= 345 || hue < 14) return lightness > 0.68 ? "pink" : lightness < 0.33 && chroma < 0.45 ? "brown" : "red";
  if (hue < 42) return lightness < 0.42 || chroma < 0.4 ? "brown" : "orange";
  if (hue < 68) return lightness < 0.3 ? "brown" : "yellow";
  if (hue < 165) return "green";
  if (hue < 255) return "blue";
  if (hue < 295) return "purple";
  return lightness > 0.45 ? "pink" : "purple";
}
