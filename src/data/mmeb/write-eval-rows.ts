import type { SchemaElement } from "hyparquet";
import { writeFileAtomic } from "../../files/atomic-write.ts";

/** A row of MMEB's evaluation in columns; the instructions only where they are split off. */
export interface EvalColumns {
  readonly qry_inst?: string;
  readonly qry_text: string;
  readonly qry_img_path: string;
  readonly tgt_inst?: string;
  readonly tgt_text: readonly string[];
  readonly tgt_img_path: readonly string[];
}

const WORDS = ["qry_text", "qry_img_path"] as const;
const LISTS = ["tgt_text", "tgt_img_path"] as const;

/** Writes rows as the hub's files have them: texts, and lists of texts in three levels. @throws {FileError} */
export async function writeEvalRows(file: string, rows: readonly EvalColumns[]): Promise<void> {
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const instructions = rows.some((row) => row.qry_inst !== undefined) ? (["qry_inst", "tgt_inst"] as const) : [];
  const names = [...instructions, ...WORDS, ...LISTS];
  const schema: SchemaElement[] = [
    { name: "root", num_children: names.length },
    ...names.flatMap((name) => (name === "tgt_text" || name === "tgt_img_path" ? listOf(name) : [textOf(name)])),
  ];
  const columnData = names.map((name) => ({ name, data: rows.map((row) => row[name] ?? "") }));
  await writeFileAtomic(file, Buffer.from(parquetWriteBuffer({ columnData, schema, rowGroupSize: 16 })));
}

function textOf(name: string): SchemaElement {
  return { name, type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" };
}

function listOf(name: string): SchemaElement[] {
  return [
    { name, repetition_type: "OPTIONAL", num_children: 1, converted_type: "LIST" },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    textOf("element"),
  ];
}
