import type { EmbedOptions } from "../../embed/embed-options.ts";
import type { Embedder } from "../../embed/embedder.ts";
import type { Outcome } from "../../embed/embed-windows.ts";
import { DataError, present } from "../../errors/families.ts";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import { isChat, isVerbatim, type ModelInput } from "../../inputs/embedding-input.ts";
import type { InputRow } from "./input-rows.ts";

/** Rows that are run through a model. */
export interface EmbedJob extends Pick<EmbedRowsOptions<never>, "instruction" | "onBad"> {
  readonly model: Embedder;
  readonly rows: Iterable<InputRow> | AsyncIterable<InputRow>;
  readonly embedOptions: EmbedOptions;
}

/** What is done with rows. */
export interface EmbedRowsOptions<Value> {
  /** Of the rows that have none and are neither prompts nor chats. */
  readonly instruction?: string | undefined;
  /** Runs the rows' inputs through the model, outcomes in their order. */
  readonly run: (inputs: AsyncIterable<ModelInput>) => AsyncIterable<Outcome<Value>>;
  /** Takes what was made of a row. */
  readonly write: (row: InputRow, value: Value) => void | Promise<void>;
  /** Told of a row that cannot be embedded; it goes on with the next unless this throws. */
  readonly onBad: (error: DataError) => void;
}

/** Embeds rows as they come and writes them in their order. @returns how many were written. */
export async function embedRows<Value>(
  rows: Iterable<InputRow> | AsyncIterable<InputRow>,
  { run, write, onBad, instruction }: EmbedRowsOptions<Value>,
): Promise<number> {
  const waiting = new Map<number, InputRow>();
  let written = 0;
  for await (const { index, value, error } of run(noting(rows, { waiting, instruction }))) {
    const row = present(waiting.get(index), `row ${index}`);
    waiting.delete(index);
    if (error === undefined) {
      await write(row, value);
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
async function* noting(rows: Iterable<InputRow> | AsyncIterable<InputRow>, { waiting, instruction }: Noting): AsyncGenerator<ModelInput> {
  let index = 0;
  for await (const row of rows) {
    waiting.set(index++, row);
    yield instruction === undefined || isVerbatim(row.input) || isChat(row.input) ? row.input : { instruction, ...row.input };
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
