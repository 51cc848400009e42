import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ConfigError, FileError, WeightsError } from "../../errors/families.ts";
import { asFileError } from "../../files/atomic-write.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { parseConfig } from "../../files/parse-config.ts";
import { MANIFEST, partFile, PARTS, SCALER_PART, stepOfFolder, type CheckpointPart } from "./checkpoint.ts";

/** A checkpoint on disk, all of whose files are there and as long as they should be. */
export interface CheckpointPlace {
  readonly step: number;
  readonly folder: string;
  readonly position: Readonly<Record<string, number>>;
  /** Whether it holds the state of a loss scale. */
  readonly hasScaler: boolean;
}

/** A checkpoint's folder that cannot be used. */
export interface CheckpointWarning {
  readonly step: number;
  readonly folder: string;
  /** One sentence for people. */
  readonly message: string;
}

/** What a folder of checkpoints holds, newest first. */
export interface FoundCheckpoints {
  readonly whole: readonly CheckpointPlace[];
  readonly damaged: readonly CheckpointWarning[];
}

/**
 * Looks through a folder of checkpoints. Folders of another name are left alone; a missing folder holds none.
 * @throws {FileError} if something cannot be read for another reason than damage, such as its permissions.
 */
export async function findCheckpoints(folder: string): Promise<FoundCheckpoints> {
  const whole: CheckpointPlace[] = [];
  const damaged: CheckpointWarning[] = [];
  for (const { step, folder: place } of await stepFolders(folder)) {
    try {
      whole.push(await inspect(place, step));
    } catch (error) {
      damaged.push(toWarning(error, { step, folder: place }));
    }
  }
  return { whole, damaged };
}

/** Every folder named like a checkpoint, newest first. */
export async function stepFolders(folder: string): Promise<{ readonly step: number; readonly folder: string }[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw asFileError(error, folder, "read");
  });
  return names
    .flatMap((name) => {
      const step = stepOfFolder(name);
      return step === undefined ? [] : [{ step, folder: join(folder, name) }];
    })
    .sort((a, b) => b.step - a.step);
}

/** Passes damage on as a warning. @throws the error itself if it tells of something else. */
export function toWarning(error: unknown, { step, folder }: { readonly step: number; readonly folder: string }): CheckpointWarning {
  const isMissing = error instanceof FileError && (error.details["errno"] === "ENOENT" || error.details["errno"] === "ENOTDIR");
  if (!isMissing && !(error instanceof ConfigError) && !(error instanceof WeightsError)) throw error;
  return { step, folder, message: `the checkpoint of step ${step} is damaged and was left out: ${error.message}` };
}

/** Format of {@link MANIFEST}; a later Polyvec that writes another one counts up. */
export const FORMAT = 1 as const;

/** What {@link MANIFEST} holds. */
export interface Manifest {
  readonly format: typeof FORMAT;
  readonly step: number;
  readonly position: Readonly<Record<string, number>>;
  /** Length of each file in bytes. */
  readonly files: Readonly<Record<string, number>>;
}

const manifestSchema: z.ZodType<Manifest> = z.object({
  format: z.literal(FORMAT),
  step: z.int().min(0),
  position: z.record(z.string(), z.number()),
  files: z.record(z.string(), z.int().positive()),
});

async function inspect(folder: string, step: number): Promise<CheckpointPlace> {
  const file = join(folder, MANIFEST);
  const manifest = parseConfig(manifestSchema, await readJsonFile(file), { file });
  const hasScaler = Object.hasOwn(manifest.files, partFile(SCALER_PART));
  const parts: readonly CheckpointPart[] = hasScaler ? [...PARTS, SCALER_PART] : PARTS;
  for (const name of parts.map(partFile)) await checkLength(join(folder, name), manifest.files[name] ?? 0);
  return { step, folder, position: manifest.position, hasScaler };
}

async function checkLength(file: string, expected: number): Promise<void> {
  const { size } = await stat(file).catch((error: unknown) => Promise.reject(asFileError(error, file, "read")));
  if (size === expected) return;
  throw new WeightsError({ message: `${file} has ${size} bytes, ${expected} were written`, details: { file, expected, actual: size } });
}
