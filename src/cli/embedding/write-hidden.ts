import { DataError } from "../../errors/families.ts";
import type { CommandContext } from "../command-module.ts";
import type { EmbedCommandOptions } from "./embed-command-options.ts";
import { embedRows, type EmbedJob } from "./embed-rows.ts";
import { HiddenWriter } from "./hidden-writer.ts";
import type { InputRow } from "./input-rows.ts";

/** Writes the final hidden states of all tokens as safetensors when all rows are done. @returns of how many rows. */
export async function writeHidden(
  { model, rows, embedOptions, ...job }: EmbedJob,
  { output }: Pick<EmbedCommandOptions, "output">,
  { out }: Pick<CommandContext, "out">,
): Promise<number> {
  const writer = new HiddenWriter(model.dimensions);
  let refused = 0;
  const written = await embedRows(rows, {
    ...job,
    run: (inputs) => model.hiddenStatesEach(inputs, embedOptions),
    write({ id, place, details }, value) {
      if (!writer.has(id)) return writer.add(id, value);
      job.onBad(sameId(id, { place, details }));
      refused++;
    },
  });
  await writer.finish(output === "hidden" ? out : output);
  return written - refused;
}

function sameId(id: string, { place, details }: Pick<InputRow, "place" | "details">): DataError {
  const message = `${place}: an earlier row has the id ${JSON.stringify(id)} too, by which its hidden states are called; give each its own`;
  return new DataError({ message, details: { ...details, id } });
}
