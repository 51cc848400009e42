import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import yazl from "yazl";

/** Writes a zip archive of files by name. */
export async function writeZip(
  file: string,
  entries: Readonly<Record<string, Uint8Array | string>>,
  { compress = true, zip64 = false }: { readonly compress?: boolean; readonly zip64?: boolean } = {},
): Promise<void> {
  const zip = new yazl.ZipFile();
  for (const [name, content] of Object.entries(entries)) {
    zip.addBuffer(Buffer.from(content), name, { compress, forceZip64Format: zip64, mtime: new Date(0) });
  }
  zip.end({ forceZip64Format: zip64, comment: "" });
  await pipeline(zip.outputStream, createWriteStream(file));
}
