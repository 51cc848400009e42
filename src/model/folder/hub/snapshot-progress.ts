import type { RemoteFile } from "./hub-client.ts";
import type { HubOptions } from "./hub-options.ts";

/** Counts the bytes of a download over all its files. */
export class SnapshotProgress {
  readonly #model: string;
  readonly #options: HubOptions;
  readonly #done = new Map<string, number>();
  #total = 0;

  constructor(model: string, options: HubOptions) {
    this.#model = model;
    this.#options = options;
  }

  /** The files that are fetched in all. */
  expect(files: readonly RemoteFile[]): void {
    this.#total = files.reduce((sum, { size }) => sum + size, 0);
  }

  /** @param done bytes of the file that are there. */
  at(file: string, done: number): void {
    this.#done.set(file, done);
    const sum = [...this.#done.values()].reduce((total, bytes) => total + bytes, 0);
    this.#options.onDownload?.({ model: this.#model, file, done: sum, total: this.#total });
  }
}
