import { present } from "../../errors/families.ts";
import type { ZipEntry } from "../../inputs/embedding-input.ts";

/** Where a file lies in an archive. */
export interface ZipEntryPlace extends ZipEntry {
  /** Whether a password is needed. */
  readonly isEncrypted: boolean;
}

const FIELDS = 6;

/** The files of an archive by name, in about 50 bytes and the name for each. */
export class ZipIndex {
  readonly #places = new Map<string, number>();
  #numbers = new Float64Array(FIELDS * 256);

  get size(): number {
    return this.#places.size;
  }

  add(name: string, { headerOffset, compressedSize, size, crc32, method, isEncrypted }: ZipEntryPlace): void {
    const at = (this.#places.get(name) ?? this.#places.size) * FIELDS;
    if (at + FIELDS > this.#numbers.length) {
      const grown = new Float64Array(this.#numbers.length * 2);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers.set([headerOffset, compressedSize, size, crc32, method, isEncrypted ? 1 : 0], at);
    this.#places.set(name, at / FIELDS);
  }

  get(name: string): ZipEntryPlace | undefined {
    const place = this.#places.get(name);
    if (place === undefined) return undefined;
    const number = (field: number): number => present(this.#numbers[place * FIELDS + field], "a number of the index");
    return {
      headerOffset: number(0),
      compressedSize: number(1),
      size: number(2),
      crc32: number(3),
      method: number(4),
      isEncrypted: number(5) === 1,
    };
  }

  names(): Iterable<string> {
    return this.#places.keys();
  }
}
