import { z } from "zod";
import { DataError } from "../../errors/families.ts";

/** The columns of both layouts; the two instructions are only in the set that has them split off. */
export const EVAL_COLUMNS = ["qry_inst", "qry_text", "qry_img_path", "tgt_inst", "tgt_text", "tgt_img_path"] as const;

/** A query, or one of its candidates, as the columns hold it. */
export interface EvalSide {
  /** "" where there is none. */
  readonly text: string;
  /** Relative to the root of the images; "" where there is none. */
  readonly image: string;
}

/** One query with its candidates, the right one first. */
export interface EvalRow {
  /** From 0, in the dataset. */
  readonly row: number;
  readonly query: EvalSide;
  readonly candidates: readonly EvalSide[];
  /** undefined where the texts hold the instructions themselves (v1 columns). */
  readonly instructions: { readonly query: string; readonly candidate: string } | undefined;
}

const word = z.string().nullish();
const words = z.union([z.array(z.string().nullable()), z.string()]).nullish();

const schema = z.object({ qry_inst: word, qry_text: word, qry_img_path: word, tgt_inst: word, tgt_text: words, tgt_img_path: words });

/**
 * Reads a row of either layout. A column that holds one text where a list is usual stands for the same text in every candidate.
 * @throws {DataError} naming the dataset, the row and the column: `details.dataset`, `row`, `field`.
 */
export function parseEvalRow(values: unknown, { dataset, row }: { readonly dataset: string; readonly row: number }): EvalRow {
  const parsed = schema.safeParse(values);
  const fail = (field: string, problem: string): DataError =>
    new DataError({
      message: `${dataset}, row ${row}, column ${field}: ${problem}; is this MMEB's evaluation layout?`,
      details: { dataset, row, field },
    });
  if (!parsed.success) throw fail(String(parsed.error.issues[0]?.path[0] ?? "?"), parsed.error.issues[0]?.message ?? "it is wrong");
  const { qry_inst: asked, qry_text: text, qry_img_path: image, tgt_inst: told, tgt_text: texts, tgt_img_path: images } = parsed.data;
  const size = Math.max(lengthOf(texts), lengthOf(images));
  if (size === 0) throw fail("tgt_text", "there are no candidates, in tgt_img_path neither");
  for (const [field, list] of [
    ["tgt_text", texts],
    ["tgt_img_path", images],
  ] as const) {
    // prettier-ignore
    if (Array.isArray(list) && list.length > 0 && list.length !== size) throw fail(field, `it has ${list.length} entries, the other column ${size}`);
  }
  return {
    row,
    query: { text: text ?? "", image: image ?? "" },
    candidates: Array.from({ length: size }, (_, place) => ({ text: entryOf(texts, place), image: entryOf(images, place) })),
    instructions: asked === undefined && told === undefined ? undefined : { query: asked ?? "", candidate: told ?? "" },
  };
}

type Words = z.infer<typeof words>;

function lengthOf(list: Words): number {
  return Array.isArray(list) ? list.length : list ? 1 : 0;
}

function entryOf(list: Words, place: number): string {
  return (Array.isArray(list) ? list[place] : list) ?? "";
}
