import type { BigIntStats } from "node:fs";
import { stat } from "node:fs/promises";

/** Where the bytes of a picture lie, and all that tells, without reading them, whether they are still the same. */
export interface StoredState {
  /** Another one for other bytes: place, size, times to the nanosecond, number on the disk; of an entry of an archive its checksum too. */
  readonly key: string;
  /** When the file was last changed, in ms: what was changed just now may change again without its times telling. */
  readonly changedAt: number;
}

/** The state of a file; undefined if it cannot be told. */
export async function fileState(file: string): Promise<StoredState | undefined> {
  const info = await stat(file, { bigint: true }).catch(() => undefined);
  return info?.isFile() === true ? stateOf(["file", file], info) : undefined;
}

/** The state of something that lies in a file. @param place what it is called, and where it lies. */
export function stateOf(place: readonly (string | number)[], info: BigIntStats): StoredState {
  const { size, mtimeNs, ctimeNs, ino, dev } = info;
  return {
    key: JSON.stringify([...place, ...[size, mtimeNs, ctimeNs, ino, dev].map(String)]),
    changedAt: Number((mtimeNs > ctimeNs ? mtimeNs : ctimeNs) / 1_000_000n),
  };
}
