import { crc32, deflateSync } from "node:zlib";

/** Colours of a picture's cells, from left to right: red, green, blue. */
export type Cell = readonly [number, number, number];

const CELL = 4;

/** A PNG of cells of 4 by 4 pixels in one row: 8-bit RGB, no filters, so that a few lines can decode it to the exact colours. */
export function cellsPng(cells: readonly Cell[]): Buffer {
  const width = cells.length * CELL;
  const line = Buffer.alloc(1 + 3 * width);
  cells.forEach((colour, place) => {
    for (let pixel = 0; pixel < CELL; pixel++) line.set(colour, 1 + 3 * (place * CELL + pixel));
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(CELL, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: CELL }, () => line)));
  return Buffer.concat([SIGNATURE, chunk("IHDR", header), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))]);
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}
