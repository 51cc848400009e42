import { stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { TrainingError } from "../../errors/families.ts";
import { writeJsonAtomic } from "../../files/atomic-write.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { parseConfig } from "../../files/parse-config.ts";

/** What a reproduction's folder says about itself, in `reproduce.json`. */
export interface Reproduction {
  readonly preset: string;
  /** The model that all runs start from. */
  readonly base: string;
}

const schema = z.strictObject({
  format: z.literal("polyvec-reproduction"),
  version: z.literal(1),
  preset: z.string(),
  base: z.string(),
});

const FILE = "reproduce.json";

/** Where the report of a reproduction is written, and with it that all is done. */
const REPORT_FILE = "report.json";

/**
 * The folder that a reproduction goes to if none is named: `runs/reproduce-<preset>`, with a number behind it if there is a finished one already
 * and it is not to be resumed.
 */
export async function defaultFolder(preset: string, resume: boolean): Promise<string> {
  const first = join("runs", `reproduce-${preset}`);
  if (resume) return first;
  let folder = first;
  for (let number = 2; await isThere(join(folder, REPORT_FILE)); number++) folder = `${first}-${number}`;
  return folder;
}

/**
 * Claims a folder for a reproduction, or finds the one begun there.
 * @throws {TrainingError} if there is one and it is not to be resumed, or it is another one.
 */
export async function claimFolder(folder: string, wanted: Reproduction, resume: boolean): Promise<void> {
  const file = join(folder, FILE);
  if (!(await isThere(file))) return writeJsonAtomic(file, { format: "polyvec-reproduction", version: 1, ...wanted });
  if (!resume) throw taken(folder, "it holds a reproduction already. Go on with it by --resume, or choose another folder with --out");
  const { preset, base } = parseConfig(schema, await readJsonFile(file), { file });
  if (preset === wanted.preset && base === wanted.base) return;
  throw taken(
    folder,
    `the one in it has the preset ${preset} and starts from ${base}; go on with these, or choose another folder with --out`,
  );
}

function taken(folder: string, reason: string): TrainingError {
  return new TrainingError({ message: `cannot reproduce in ${folder}: ${reason}`, details: { run: folder } });
}

function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
