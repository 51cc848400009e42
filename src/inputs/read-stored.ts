import { open, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { crc32, inflateRaw } from "node:zlib";
import { invariant } from "../errors/families.ts";
import type { StoredPlace, ZipEntry } from "./embedding-input.ts";

const inflate = promisify(inflateRaw);

/** Bytes of an entry's own header before its name, and where in it the lengths of name and extra field stand. */
const HEADER_BYTES = 30;
const LENGTHS_AT = 26;
const SIGNATURE = 0x04034b50;
const DEFLATED = 8;

/**
 * The bytes at a place. Anything that is not as it should be throws, without saying well what: the archive itself, which knows all about it, is to be asked then.
 */
export async function readStored({ file, entry }: StoredPlace): Promise<Uint8Array> {
  if (entry === undefined) return readFile(file);
  const packed = await readPacked(file, entry);
  const bytes = entry.method === DEFLATED ? await inflate(packed, { maxOutputLength: Math.max(1, entry.size) }) : packed;
  invariant(bytes.length === entry.size && crc32(bytes) === entry.crc32, `${file}: an entry is not what its archive says`);
  return bytes;
}

async function readPacked(file: string, { headerOffset, compressedSize }: ZipEntry): Promise<Buffer> {
  const handle = await open(file);
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    await handle.read(header, 0, HEADER_BYTES, headerOffset);
    invariant(header.readUInt32LE(0) === SIGNATURE, `${file}: no entry begins at byte ${headerOffset}`);
    const begin = headerOffset + HEADER_BYTES + header.readUInt16LE(LENGTHS_AT) + header.readUInt16LE(LENGTHS_AT + 2);
    const packed = Buffer.alloc(compressedSize);
    const { bytesRead } = await handle.read(packed, 0, compressedSize, begin);
    invariant(bytesRead === compressedSize, `${file}: an entry is cut off`);
    return packed;
  } finally {
    await handle.close();
  }
}
