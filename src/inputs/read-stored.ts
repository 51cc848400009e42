import { open, readFile, type FileHandle } from "node:fs/promises";
import { promisify } from "node:util";
import { crc32, inflateRaw } from "node:zlib";
import { invariant } from "../errors/families.ts";
import type { StoredPlace, ZipEntry } from "./embedding-input.ts";

const inflate = promisify(inflateRaw);

/** Bytes of an entry's own header before its name, and where in it the lengths of name and extra field stand. */
const HEADER_BYTES = 30;
const LENGTHS_AT = 26;
const SIGNATURE = 0x04034b50;
/** Name and extra field mostly have no more bytes together, so that one reading gets all of an entry. */
const LIKELY_BYTES = 512;
const DEFLATED = 8;

/**
 * The bytes at a place. Anything that is not as it should be throws, without saying well what: the archive itself, which knows all about it, is to be asked then.
 */
export async function readStored({ file, entry }: StoredPlace): Promise<Uint8Array> {
  if (entry === undefined) return readFile(file);
  const handle = await open(file);
  try {
    const bytes = await readEntry(handle, entry);
    invariant(crc32(bytes) === entry.crc32, `${file}: an entry is not what its archive says`);
    return bytes;
  } finally {
    await handle.close();
  }
}

/** The bytes of an entry of an open archive, as many as its directory says; their checksum is not looked at. @throws if they are not there. */
export async function readEntry(archive: FileHandle, entry: ZipEntry): Promise<Uint8Array> {
  const packed = await readPacked(archive, entry);
  const bytes = entry.method === DEFLATED ? await inflate(packed, { maxOutputLength: Math.max(1, entry.size) }) : packed;
  invariant(bytes.length === entry.size, `it has ${bytes.length} bytes, its directory says ${entry.size}`);
  return bytes;
}

async function readPacked(archive: FileHandle, { headerOffset, compressedSize }: ZipEntry): Promise<Buffer> {
  const start = await readAt(archive, headerOffset, HEADER_BYTES + LIKELY_BYTES + compressedSize);
  invariant(start.length >= HEADER_BYTES && start.readUInt32LE(0) === SIGNATURE, `no entry begins at byte ${headerOffset}`);
  const begin = HEADER_BYTES + start.readUInt16LE(LENGTHS_AT) + start.readUInt16LE(LENGTHS_AT + 2);
  const isWhole = begin + compressedSize <= start.length;
  const packed = isWhole ? start.subarray(begin, begin + compressedSize) : await readAt(archive, headerOffset + begin, compressedSize);
  invariant(packed.length === compressedSize, "it is cut off");
  return packed;
}

/** So many bytes, or all that there are. */
async function readAt(archive: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await archive.read(Buffer.allocUnsafe(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
