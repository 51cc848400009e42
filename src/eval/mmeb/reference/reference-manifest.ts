import { stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { DataError } from "../../../errors/families.ts";
import { PolyvecError } from "../../../errors/polyvec-error.ts";
import { writeJsonAtomic } from "../../../files/atomic-write.ts";
import { readJsonFile } from "../../../files/json-file.ts";
import { resultConditionsSchema, type ResultConditions } from "../dataset-result.ts";
import type { ReferenceRunner } from "./reference-entries.ts";

/** A file that was written. */
export interface WrittenFile {
  readonly name: string;
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/** What a dataset's files hold and were made of, in `<dataset>_polyvec.json` beside them. */
export interface ReferenceManifest {
  readonly format: "polyvec-reference-embeddings";
  readonly version: 1;
  readonly dataset: string;
  readonly runner: ReferenceRunner;
  /** `aggregate`, `path 0` ..., or `all`. */
  readonly vectors: string;
  readonly conditions: ResultConditions;
  readonly queries: number;
  readonly candidates: number;
  readonly dimensions: number;
  /** Inputs without text and image, or without their image, which have no embedding. */
  readonly withoutEmbedding: number;
  readonly namesakes: number;
  /** null while they are being written. */
  readonly files: readonly WrittenFile[] | null;
}

const count = z.int().nonnegative();
const schema: z.ZodType<ReferenceManifest> = z.strictObject({
  format: z.literal("polyvec-reference-embeddings"),
  version: z.literal(1),
  dataset: z.string(),
  runner: z.enum(["v1", "main"]),
  vectors: z.string(),
  conditions: resultConditionsSchema,
  queries: count,
  candidates: count,
  dimensions: count,
  withoutEmbedding: count,
  namesakes: count,
  files: z.array(z.strictObject({ name: z.string(), bytes: count, sha256: z.string() })).nullable(),
});

/** Where a dataset's manifest lies. */
function manifestFile(out: string, dataset: string): string {
  return join(out, `${dataset}_polyvec.json`);
}

/** Writes a manifest. @throws {FileError} */
export async function writeManifest(out: string, manifest: ReferenceManifest): Promise<void> {
  await writeJsonAtomic(manifestFile(out, manifest.dataset), manifest);
}

/** What is asked for of a dataset. */
export interface WantedEmbeddings {
  readonly dataset: string;
  readonly vectors: string;
  readonly conditions: ResultConditions;
}

/**
 * The manifest of files that are whole and were made as asked for; undefined if they are to be written.
 * @throws {DataError} if there are files that were made otherwise, or a score that the reference would show in place of a new one.
 */
export async function earlierFiles(out: string, wanted: WantedEmbeddings): Promise<ReferenceManifest | undefined> {
  const { dataset } = wanted;
  const known = await readManifest(manifestFile(out, dataset));
  const names = [`${dataset}_qry`, `${dataset}_tgt`];
  const there = (await Promise.all(names.map((name) => sizeOf(join(out, name))))).some((size) => size !== undefined);
  const isSame = known !== undefined && isWanted(known, wanted);
  if (there && !isSame) {
    const message = `${out} holds embeddings of ${dataset} that were made otherwise; choose another folder with --output, or remove ${names.join(" and ")}`;
    throw new DataError({ message, details: { file: out, dataset } });
  }
  if (isSame && known.files !== null && (await areWhole(out, known.files))) return known;
  if ((await sizeOf(join(out, `${dataset}_score.json`))) !== undefined) {
    const message = `${out} holds ${dataset}_score.json of an earlier run, which the reference would show in place of the new score; remove it`;
    throw new DataError({ message, details: { file: join(out, `${dataset}_score.json`), dataset } });
  }
  return undefined;
}

async function readManifest(file: string): Promise<ReferenceManifest | undefined> {
  const json = await readJsonFile(file).catch((error: unknown) => {
    if (PolyvecError.isInstance(error) && (error.code === "config" || error.details["errno"] === "ENOENT")) return undefined;
    throw error;
  });
  const parsed = schema.safeParse(json);
  return parsed.success ? parsed.data : undefined;
}

function isWanted({ vectors, conditions }: ReferenceManifest, wanted: WantedEmbeddings): boolean {
  if (wanted.conditions.embedder === null) return false;
  return vectors === wanted.vectors && JSON.stringify(conditions) === JSON.stringify(wanted.conditions);
}

async function areWhole(out: string, files: readonly WrittenFile[]): Promise<boolean> {
  const sizes = await Promise.all(files.map(({ name }) => sizeOf(join(out, name))));
  return files.every(({ bytes }, place) => sizes[place] === bytes);
}

function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    () => undefined,
  );
}
