import { createHash } from "node:crypto";
import { DataError } from "../../errors/families.ts";
import type { MmebItem } from "./mmeb-item.ts";

/** One of several processes that share the embedding: `index` from 1 to `count`. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** Reads `2/4`. @throws {DataError} if it is none. */
export function parseShard(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (index >= 1 && index <= count) return { index, count };
  throw new DataError({
    message: `got "${text}" where a shard such as 1/4 was expected, the first number from 1 to the second`,
    details: { got: text },
  });
}

/** Whether an item belongs to the shard, by a hash of its text and its image's path, so that every shard has about the same number and no image need be read to tell. */
export function belongsTo({ prompt, image }: MmebItem, { index, count }: Shard): boolean {
  const hash = createHash("sha256").update(JSON.stringify([prompt, image])).digest(); // prettier-ignore
  return hash.readUIntBE(0, 6) % count === index - 1;
}
