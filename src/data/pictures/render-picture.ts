import sharp from "sharp";

/** A picture to render: SVG text, or the path of a file of pixels. */
export type PictureSource = { readonly svg: string } | { readonly file: string };

/** A rendered square picture. */
export interface RenderedPicture {
  /** [size, size, 3] uint8, sRGB, composed on white. */
  readonly rgb: Uint8Array;
  /** [size, size] uint8, 0 = background. With it the white can be exchanged: see `withBackground`. */
  readonly alpha: Uint8Array;
}

/** Pixels left free on each side, as a share of the size. */
const MARGIN = 0.03;

/**
 * Draws a picture in a square of `size` pixels, whole, centred, on white with a small margin. What the drawing itself leaves free stays free, so
 * that a small square stays smaller than a large one.
 */
export async function renderPicture(source: PictureSource, size: number): Promise<RenderedPicture> {
  const margin = Math.round(size * MARGIN);
  const inner = size - 2 * margin;
  const image = "svg" in source ? sharp(Buffer.from(resizeSvg(source.svg, inner))) : sharp(source.file);
  const fitted = image.resize(inner, inner, { fit: "contain", background: "#ffffff00" });
  const rgba = await fitted.ensureAlpha().toColourspace("srgb").raw({ depth: "uchar" }).toBuffer();
  return composeOnWhite(rgba, inner, size);
}

/** Sets the size an SVG is drawn at, so that it is rasterised once and sharp. */
function resizeSvg(svg: string, size: number): string {
  return svg.replace(/<svg\b[^>]*>/, (tag) => {
    const bare = tag.replaceAll(/\s(?:width|height)="[^"]*"/g, "");
    return bare.replace("<svg", `<svg width="${size}" height="${size}"`);
  });
}

function composeOnWhite(rgba: Uint8Array, inner: number, size: number): RenderedPicture {
  const margin = (size - inner) / 2;
  const rgb = new Uint8Array(size * size * 3).fill(255);
  const alpha = new Uint8Array(size * size);
  for (let pixel = 0; pixel < inner * inner; pixel++) {
    const target = (Math.floor(pixel / inner) + margin) * size + (pixel % inner) + margin;
    const opacity = rgba[pixel * 4 + 3] as number;
    alpha[target] = opacity;
    for (let channel = 0; channel < 3; channel++) {
      rgb[target * 3 + channel] = 255 - Math.round(((255 - (rgba[pixel * 4 + channel] as number)) * opacity) / 255);
    }
  }
  return { rgb, alpha };
}
