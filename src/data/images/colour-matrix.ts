/** An affine map of colours: `out = matrix · (red, green, blue) + offset`; 12 numbers, three rows of four, values 0 to 255. */
export type ColourMatrix = readonly number[];

/** How colours change; the neutral values change nothing. */
export interface ColourChange {
  /** Turns of the colour circle, -0.5 to 0.5; neutral 0. */
  readonly hue: number;
  /** Factor; 0 is grey, neutral 1. */
  readonly saturation: number;
  /** Factor; neutral 1. */
  readonly brightness: number;
  /** Factor about {@link pivot}; neutral 1. */
  readonly contrast: number;
  /** The grey that contrast leaves as it is, 0 to 255: 255 keeps white paper white. */
  readonly pivot: number;
}

const LUMINANCE = [0.213, 0.715, 0.072] as const;

/** The colour matrix of a change: hue and saturation about the luminance axis (as SVG's feColorMatrix), then brightness, then contrast. */
export function colourMatrix({ hue, saturation, brightness, contrast, pivot }: ColourChange): ColourMatrix {
  // grey stays grey, whatever the hue: each row of the luminance part sums to 1, the others to 0
  const cosine = Math.cos(2 * Math.PI * hue) * saturation;
  const sine = Math.sin(2 * Math.PI * hue) * saturation;
  const factor = brightness * contrast;
  const offset = pivot * (1 - contrast);
  return [0, 1, 2].flatMap((row) => {
    const cells = [0, 1, 2].map((column) => {
      const luminance = LUMINANCE[column] as number;
      const own = row === column ? 1 : 0;
      return luminance + (own - luminance) * cosine + (HUE_SINE[row * 3 + column] as number) * sine;
    });
    return [...cells.map((cell) => cell * factor), offset];
  });
}

/** The part of SVG's hueRotate that goes with the sine. */
const HUE_SINE: readonly number[] = [-0.213, -0.715, 0.928, 0.143, 0.14, -0.283, -0.787, 0.715, 0.072];
