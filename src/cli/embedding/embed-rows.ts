import type { Embedder } from "../../embed/embedder.ts";
import type { EmbedOptions } from "../../embed/embed-options.ts";
import { DataError, present } from "../../errors/families.ts";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import type { EmbeddingInput } from "../../inputs/embedding-input.ts";
import type { EmbeddingWriter } from "./embedding-writer.ts";
import type { InputRow } from "./input-rows.ts";

export interface EmbedRowsOptions extends EmbedOptions {
  readonly writer: EmbeddingWriter;
  /** Of the rows that have none. */
  readonly instruction?: string | undefined;
  /** Told of a row that cannot be embedded; it goes on with the next unless this throws. */
  readonly onBad: (error: DataError) => void;
}

/** Embeds rows as they come and writes them in their order. @returns how many were written. */
export async function embedRows(
  model: Embedder,
  rows: Iterable<InputRow> | AsyncIterable<InputRow>,
  { writer, onBad, instruction, ...options }: EmbedRowsOptions,
): Promise<number> {
  const waiting = new Map<number, InputRow>();
  let written = 0;
  for await (const { index, embedding, error } of model.embedEach(noting(rows, { waiting, instruction }), options)) {
    const row = present(waiting.get(index), `row ${index}`);
    waiting.delete(index);
    if (error === undefined) {
      await writer.write({ id: row.id, embedding });
      written++;
    } else onBad(atRow(row, error));
  }
  return written;
}

interface Noting {
  readonly waiting: Map<number, InputRow>;
  readonly instruction: string | undefined;
}

/** The rows' inputs; the rows are kept until their embedding comes. */
async function* noting(
  rows: Iterable<InputRow> | AsyncIterable<InputRow>,
  { waiting, instruction }: Noting,
): AsyncGenerator<EmbeddingInput> {
  let index = 0;
  for await (const row of rows) {
    waiting.set(index++, row);
    yield instruction === undefined ? row.input : { instruction, ...row.input };
  }
}

/** The error of one input, told by its place. */
function atRow({ place, details }: InputRow, error: Error): DataError {
  const reason = error.message.replace(/^input \d+: /, "");
  const facts = PolyvecError.isInstance(error) ? error.details : {};
  const { file: image, input: _index, ...others } = facts;
  const message = `${place}: ${reason}`;
  return new DataError({ message, details: { ...others, ...(image === undefined ? {} : { image }), ...details }, cause: error });
}
