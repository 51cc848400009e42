import type { SchemaElement } from "hyparquet";
import { writeFileAtomic } from "../../files/atomic-write.ts";

/** Columns of MMEB-train with instructions split off, the key of the answer, and the number of the batch. */
export const TRAIN_COLUMNS = [
  "qry_inst",
  "qry",
  "qry_image_path",
  "pos_inst",
  "pos_text",
  "pos_image_path",
  "neg_inst",
  "neg_text",
  "neg_image_path",
  "positive_key",
] as const;

/** A row of training data; "" where there is nothing. */
export type TrainColumns = Readonly<Record<(typeof TRAIN_COLUMNS)[number], string>> & { readonly batch: number };

/** Writes rows as `polyvec train` reads them. @throws {FileError} */
export async function writeTrainRows(file: string, rows: readonly TrainColumns[]): Promise<void> {
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const schema: SchemaElement[] = [
    { name: "root", num_children: TRAIN_COLUMNS.length + 1 },
    ...TRAIN_COLUMNS.map((name): SchemaElement => ({ name, type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" })),
    { name: "batch", type: "INT32", repetition_type: "REQUIRED" },
  ];
  const columnData = [...TRAIN_COLUMNS, "batch" as const].map((name) => ({ name, data: rows.map((row) => row[name]) }));
  await writeFileAtomic(file, Buffer.from(parquetWriteBuffer({ columnData, schema, rowGroupSize: 1000 })));
}
