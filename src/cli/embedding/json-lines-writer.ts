import { open, rename, type FileHandle } from "node:fs/promises";
import { asFileError } from "../../files/atomic-write.ts";
import type { Output } from "../terminal/output.ts";
import { toJsonLine, type EmbeddingRow, type EmbeddingWriter } from "./embedding-writer.ts";

/** Writes JSON lines to stdout. */
export function outputWriter(out: Output): EmbeddingWriter {
  return {
    write: (row) => out.line(toJsonLine(row)),
    finish: async () => undefined,
    abandon: async () => undefined,
  };
}

/** Writes JSON lines to `<file>.partial`, which becomes `file` when all is written. */
export async function jsonLinesWriter(file: string): Promise<EmbeddingWriter> {
  const partial = `${file}.partial`;
  const handle = await open(partial, "w").catch((error: unknown) => Promise.reject(asFileError(error, file, "write")));
  return new JsonLinesFile(file, { partial, handle });
}

class JsonLinesFile implements EmbeddingWriter {
  readonly #file: string;
  readonly #partial: string;
  readonly #handle: FileHandle;
  #written = 0;

  constructor(file: string, { partial, handle }: { readonly partial: string; readonly handle: FileHandle }) {
    this.#file = file;
    this.#partial = partial;
    this.#handle = handle;
  }

  async write(row: EmbeddingRow): Promise<void> {
    await this.#try(() => this.#handle.appendFile(`${toJsonLine(row)}\n`));
    this.#written++;
  }

  async finish(): Promise<void> {
    await this.#try(() => this.#handle.sync());
    await this.#handle.close();
    await this.#try(() => rename(this.#partial, this.#file));
  }

  async abandon(): Promise<string | undefined> {
    await this.#handle.close().catch(() => undefined);
    return this.#written === 0 ? undefined : `${this.#written} embeddings are in ${this.#partial}`;
  }

  async #try(action: () => Promise<void>): Promise<void> {
    await action().catch((error: unknown) => Promise.reject(asFileError(error, this.#file, "write")));
  }
}
