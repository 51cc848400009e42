import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { DataError } from "../../errors/families.ts";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import { writeJsonAtomic } from "../../files/atomic-write.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { RUN_FILES } from "../../train/run/run-files.ts";
import { isTrained } from "../runs/train-run.ts";
import type { SweepCell } from "./sweep-cells.ts";

/** A run of a sweep: a cell with one seed. */
export interface SweepRunPlace {
  readonly cell: SweepCell;
  readonly seed: number;
  readonly folder: string;
  /** The folder, relative to the sweep's. */
  readonly relative: string;
}

/** How far a run is. */
export type RunState = "finished" | "begun" | "failed" | "new";

const FAILURE_FILE = "failure.json";

/** Why a run ended before its end, as it is kept: it is not tried again unless asked for. */
export interface RunFailure {
  readonly format: "polyvec-run-failure";
  readonly version: 1;
  readonly code: string;
  readonly message: string;
}

const failureSchema: z.ZodType<RunFailure> = z.strictObject({
  format: z.literal("polyvec-run-failure"),
  version: z.literal(1),
  code: z.string(),
  message: z.string(),
});

/** Where the runs of cells lie: `cells/<settings>-<id>/seed-<seed>`. A cell that is there is found by its id, whatever it was called. */
export async function runPlaces(out: string, cells: readonly SweepCell[], seeds: readonly number[]): Promise<SweepRunPlace[]> {
  const there = await cellFolders(out);
  return cells.flatMap((cell) => {
    const name = there.find((folder) => folder.endsWith(`-${cell.id}`)) ?? `${slugOf(cell.label)}-${cell.id}`;
    return seeds.map((seed) => {
      const relative = join("cells", name, `seed-${seed}`);
      return { cell, seed, folder: join(out, relative), relative };
    });
  });
}

/** The cells in a sweep's folder that are none of its own now. */
export async function otherCells(out: string, cells: readonly SweepCell[]): Promise<string[]> {
  const folders = await cellFolders(out);
  return folders.filter((folder) => !cells.some(({ id }) => folder.endsWith(`-${id}`)));
}

async function cellFolders(out: string): Promise<string[]> {
  const names = await readdir(join(out, "cells")).catch((): string[] => []);
  return names.toSorted();
}

/** What a file name takes of a label. */
function slugOf(label: string): string {
  const slug = label.replaceAll(/[^\w.=+-]+/g, "_").slice(0, 60);
  return slug === "" ? "cell" : slug;
}

/** How far a run is. @throws {DataError} if its failure is noted in a way that cannot be read. */
export async function runState({ folder }: Pick<SweepRunPlace, "folder">): Promise<RunState> {
  if (await isTrained(folder)) return "finished";
  if ((await readFailure(folder)) !== undefined) return "failed";
  const config = await readJsonFile(join(folder, RUN_FILES.config)).catch(() => undefined);
  return config === undefined ? "new" : "begun";
}

/** The failure of a run; undefined if there is none. @throws {DataError} if it cannot be read. */
export async function readFailure(folder: string): Promise<RunFailure | undefined> {
  const file = join(folder, FAILURE_FILE);
  const json = await readJsonFile(file).catch((error: unknown) => {
    if (PolyvecError.isInstance(error) && error.details["errno"] === "ENOENT") return undefined;
    throw error;
  });
  if (json === undefined) return undefined;
  const parsed = failureSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new DataError({ message: `${file} cannot be read; remove it to try the run again`, details: { file } });
}

/** Notes why a run failed. */
export async function writeFailure(folder: string, { code, message }: PolyvecError): Promise<void> {
  const failure: RunFailure = { format: "polyvec-run-failure", version: 1, code, message };
  await writeJsonAtomic(join(folder, FAILURE_FILE), failure);
}

/** Forgets that a run failed, so that it is tried again. */
export async function forgetFailure(folder: string): Promise<void> {
  await rm(join(folder, FAILURE_FILE), { force: true });
}
