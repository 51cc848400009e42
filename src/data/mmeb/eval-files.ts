import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { asFileError } from "../../files/atomic-write.ts";

/** A dataset's files of the split `test`, as the hub lays them out: `<root>/<dataset>/test-*.parquet`, in their order; none if it is not there. */
export async function findEvalFiles(root: string, dataset: string): Promise<string[]> {
  const folder = join(root, dataset);
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw asFileError(error, folder, "read");
  });
  return names.filter((name) => /^test(-.*)?\.parquet$/.test(name)).toSorted().map((name) => join(folder, name)); // prettier-ignore
}

/** A hash of the content of files, one after another: 32 hexadecimal digits. @throws {FileError} if one cannot be read. */
export async function hashFiles(files: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const file of files) {
    try {
      for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
    } catch (error) {
      throw asFileError(error, file, "read");
    }
  }
  return hash.digest("hex").slice(0, 32);
}
