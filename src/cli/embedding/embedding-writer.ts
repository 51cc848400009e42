import type { Embedding } from "../../embed/embed-options.ts";

/** What is written of one input. */
export interface EmbeddingRow {
  readonly id: string;
  readonly embedding: Embedding;
}

/** Takes embeddings one after another. */
export interface EmbeddingWriter {
  write(row: EmbeddingRow): Promise<void>;
  /** Everything was written: the file gets its name. */
  finish(): Promise<void>;
  /** Something failed: closes what is open. @returns where what was written so far lies, if anywhere. */
  abandon(): Promise<string | undefined>;
}

/** One embedding as JSON: numbers with the nine digits that tell any two float32 apart. */
export function toJsonLine({ id, embedding: { aggregate, paths } }: EmbeddingRow): string {
  const vector = (values: Float32Array): string => `[${Array.from(values, shortNumber).join(",")}]`;
  const fields = [`"id":${JSON.stringify(id)}`, `"aggregate":${vector(aggregate)}`];
  if (paths.length > 0) fields.push(`"paths":[${paths.map(vector).join(",")}]`);
  return `{${fields.join(",")}}`;
}

function shortNumber(value: number): string {
  return String(Number(value.toPrecision(9)));
}
