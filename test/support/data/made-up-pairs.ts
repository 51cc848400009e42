import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import sharp from "sharp";
import { writeZip } from "../write-zip.ts";

/** A row of MMEB-train. */
export interface MadeUpPair {
  readonly qry: string;
  readonly qry_image_path: string;
  readonly pos_text: string;
  readonly pos_image_path: string;
  readonly neg_text?: string;
  readonly neg_image_path?: string;
}

/** Writes rows as parquet, in row groups of a few rows as hub datasets have them. */
export async function writePairs(file: string, rows: readonly MadeUpPair[], rowGroupSize = 10): Promise<void> {
  const columns = ["qry", "qry_image_path", "pos_text", "pos_image_path", "neg_text", "neg_image_path"] as const;
  const present = columns.filter((name) => rows.some((row) => row[name] !== undefined));
  const columnData = present.map((name) => ({ name, data: rows.map((row) => row[name] ?? ""), type: "STRING" as const }));
  await writeFile(file, Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize })));
}

/**
 * Writes a folder in the layout of MMEB-train: `Captions` of 40 rows (a picture asks for its colour, one row of ten is empty) in two shards, its
 * pictures in a zip; `Words` of 30 rows of text with hard negatives.
 */
export async function writeMadeUpPairs(root: string): Promise<void> {
  const captions = Array.from({ length: 40 }, (_, at) => ({
    qry: at % 10 === 3 ? "" : `<|image_1|>\nWhat colour is number ${at}?\n`,
    qry_image_path: at % 10 === 3 ? "" : `images/Captions/Train/${at % 8}.png`,
    pos_text: `colour ${at % 8}`,
    pos_image_path: "",
  }));
  const words = Array.from({ length: 30 }, (_, at) => ({
    qry: `word ${at}`,
    qry_image_path: "",
    pos_text: `meaning ${at}`,
    pos_image_path: "",
    neg_text: `wrong ${at}`,
    neg_image_path: "",
  }));
  for (const name of ["Captions", "Words", "images_zip"]) await mkdir(join(root, name), { recursive: true });
  await writePairs(join(root, "Captions/original-00000-of-00002.parquet"), captions.slice(0, 25));
  await writePairs(join(root, "Captions/original-00001-of-00002.parquet"), captions.slice(25));
  await writePairs(join(root, "Words/original-00000-of-00001.parquet"), words);
  await writePairs(join(root, "Words/diverse_instruction-00000-of-00001.parquet"), words);
  const pictures = Array.from({ length: 8 }, async (_, at) => {
    const background = { r: at * 30, g: 255 - at * 30, b: 100 };
    const bytes = await sharp({ create: { width: 12, height: 8, channels: 3, background } })
      .png()
      .toBuffer();
    return [`Captions/Train/${at}.png`, bytes] as const;
  });
  await writeZip(join(root, "images_zip/Captions.zip"), Object.fromEntries(await Promise.all(pictures)));
}
