import sharp from "sharp";
import type { RawImage } from "../../inputs/embedding-input.ts";

/** A picture as a `data:image/png;base64,` URI, so that a page can hold it. */
export async function pictureUri({ data, width, height }: RawImage): Promise<string> {
  const png = await sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 9, palette: true })
    .toBuffer();
  return `data:image/png;base64,${png.toString("base64")}`;
}
