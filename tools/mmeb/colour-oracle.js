/* oxlint-disable typescript/no-unsafe-assignment, typescript/no-unsafe-call, typescript/no-unsafe-member-access, typescript/no-unsafe-argument -- plain JavaScript has no types of Node */
// An embedder for `polyvec eval --bench mmeb --embedder colour-oracle.js`: how often each colour of the made-up MMEB occurs in an input, in its
// picture's cells and by name in its text. It needs nothing beside itself, and shows what such a module looks like.
import { inflateSync } from "node:zlib";

/** @type {Readonly<Record<string, readonly [number, number, number]>>} */
export const COLOURS = {
  red: [224, 32, 32],
  orange: [240, 136, 32],
  yellow: [240, 224, 32],
  lime: [152, 224, 32],
  green: [32, 152, 48],
  teal: [32, 152, 152],
  cyan: [32, 216, 232],
  azure: [32, 128, 240],
  navy: [24, 32, 136],
  violet: [128, 48, 224],
  magenta: [232, 32, 200],
  pink: [248, 160, 192],
  brown: [120, 72, 32],
  beige: [232, 216, 184],
  olive: [120, 128, 32],
  grey: [128, 128, 128],
  black: [16, 16, 16],
  white: [248, 248, 248],
  céladon: [172, 216, 172],
  бирюза: [64, 200, 180],
  紺色: [40, 40, 80],
  "🟥": [200, 0, 0],
  اخضر: [0, 104, 56],
  ครีม: [255, 248, 220],
};

const NAMES = Object.keys(COLOURS);
const BY_NAME = new Map(NAMES.map((name, place) => [name, place]));
const BY_COLOUR = new Map(Object.values(COLOURS).map(([red, green, blue], place) => [`${red} ${green} ${blue}`, place]));

export const identity = "colour-oracle 1";

/**
 * @param {readonly { readonly text: string; readonly image?: Uint8Array }[]} inputs
 * @returns {number[][]} one histogram for each input
 */
export function embed(inputs) {
  return inputs.map(({ text, image }) => {
    const histogram = NAMES.map(() => 0);
    for (const place of [...coloursOfText(text), ...(image === undefined ? [] : coloursOfPicture(image))]) histogram[place] += 1;
    return histogram;
  });
}

/** @param {string} text */
function coloursOfText(text) {
  return text.split(/[\s,.;:"!?]+/).flatMap((word) => BY_NAME.get(word) ?? []);
}

/** The colours of a PNG's cells of 4 by 4 pixels: 8-bit RGB without filters. @param {Uint8Array} image */
function coloursOfPicture(image) {
  const bytes = Buffer.from(image);
  const width = bytes.readUInt32BE(16);
  const parts = [];
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    if (bytes.toString("latin1", at + 4, at + 8) === "IDAT") parts.push(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)));
  }
  const pixels = inflateSync(Buffer.concat(parts));
  const colours = [];
  for (let column = 0; column < width; column += 4) {
    const place = BY_COLOUR.get(pixels.subarray(1 + 3 * column, 4 + 3 * column).join(" "));
    if (place !== undefined) colours.push(place);
  }
  return colours;
}
