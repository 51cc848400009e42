import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { pickleNamedVectors, pickleVectors, pickleVectorsAndKeys } from "./pickle.ts";
import type { VectorRows } from "./vector-rows.ts";

/** Pickles that Python's own pickle and NumPy read: tools/reference/check_reference_embeddings.py --fixtures. */
const FOLDER = join("test", "fixtures", "reference-embeddings");

const schema = z.object({
  vectors: z.array(z.array(z.number())),
  keys: z.array(z.object({ text: z.string(), img_path: z.string() })),
  names: z.array(z.string()),
  sha256: z.record(z.string(), z.string()),
});
const values = schema.parse(JSON.parse(await readFile(join(FOLDER, "values.json"), "utf8")));

/** Rows that come in blocks of two. */
function rowsOf(vectors: readonly (readonly number[])[]): VectorRows {
  return {
    count: vectors.length,
    dimensions: vectors[0]?.length ?? 0,
    async *blocks() {
      for (let from = 0; from < vectors.length; from += 2) yield Float32Array.from(vectors.slice(from, from + 2).flat());
    },
  };
}

async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

describe("pickles", () => {
  const rows = rowsOf(values.vectors);
  test.each([
    ["v1.pickle", () => pickleVectorsAndKeys(rows, values.keys)],
    ["main-queries.pickle", () => pickleVectors(rows)],
    ["main-candidates.pickle", () => pickleNamedVectors(rows, values.names)],
  ])("%s is written to the byte as the one that Python has read", async (name, write) => {
    const bytes = await bytesOf(write());
    expect(bytes.equals(await readFile(join(FOLDER, name)))).toBe(true);
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(values.sha256[name]); // prettier-ignore
  });

  test("hold thousands of entries in batches, and long texts", async () => {
    const many = rowsOf(Array.from({ length: 2001 }, (_, row) => [row]));
    const names = Array.from({ length: 2001 }, (_, row) => `${row} ${"é".repeat(row === 0 ? 200 : 0)}`);
    const bytes = await bytesOf(pickleNamedVectors(many, names));
    expect(bytes.filter((byte, at) => byte === 0x28 && bytes[at - 1] === 0x75)).toHaveLength(2); // after 1,000 entries and after 2,000
    const [text, length] = [names[0] ?? "", Buffer.alloc(4)];
    length.writeUInt32LE(Buffer.byteLength(text));
    expect(bytes.includes(Buffer.concat([Buffer.from("X"), length, Buffer.from(text)]))).toBe(true);
  });
});
