import { createHash, type Hash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { asFileError } from "../../files/atomic-write.ts";
import { MODEL_FILES } from "./model-files.ts";
import type { ModelFolder } from "./open-model-folder.ts";

/** A file up to this long is read whole; of a longer one so many samples are, spread evenly, the first and last bytes among them. */
const WHOLE_BYTES = 2 ** 26;
const SAMPLES = 64;
const SAMPLE_BYTES = 2 ** 16;

/**
 * A name for what a model computes, by the content of its files: two models of the same name embed alike. Of weights above 64 MB samples are
 * read, with the size, so that it stays quick. @returns 32 hexadecimal digits. @throws {FileError} if a file cannot be read.
 */
export async function fingerprintModel({ path, basePath, weights }: ModelFolder): Promise<string> {
  const hash = createHash("sha256");
  const { polyvec, config, preprocessor, tokenizer, adapterConfig, processor } = MODEL_FILES;
  const names = [polyvec, config, preprocessor, tokenizer, adapterConfig, processor];
  const folders = basePath === undefined ? [path] : [path, basePath];
  for (const folder of folders) for (const name of names) await addFile(hash, { name, file: join(folder, name), isOptional: true });
  for (const file of weights.files) await addFile(hash, { name: "weights", file, isOptional: false });
  return hash.digest("hex").slice(0, 32);
}

interface HashedFile {
  readonly name: string;
  readonly file: string;
  readonly isOptional: boolean;
}

async function addFile(hash: Hash, { name, file, isOptional }: HashedFile): Promise<void> {
  const handle = await open(file, "r").catch((error: unknown) => {
    if (isOptional) return undefined;
    throw asFileError(error, file, "read");
  });
  if (handle === undefined) return;
  try {
    const { size } = await handle.stat();
    hash.update(`${name} ${size}\n`);
    if (size <= WHOLE_BYTES) {
      hash.update(await handle.readFile());
      return;
    }
    for (let sample = 0; sample < SAMPLES; sample++) {
      const position = Math.floor(((size - SAMPLE_BYTES) * sample) / (SAMPLES - 1));
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(SAMPLE_BYTES), 0, SAMPLE_BYTES, position);
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}
