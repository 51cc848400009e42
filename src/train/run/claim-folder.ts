import { stat } from "node:fs/promises";
import { join } from "node:path";
import { FileError, TrainingError } from "../../errors/families.ts";
import { writeJsonAtomic } from "../../files/atomic-write.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { readJsonLines } from "../../files/json-lines.ts";
import { findCheckpoints } from "../checkpoint/checkpoint-folder.ts";
import { isChangeable, recipeDifferences, type RecipeDifference } from "../recipe/recipe-differences.ts";
import { checkRecipe } from "../recipe/recipe-schema.ts";
import type { Recipe } from "../recipe/recipe-types.ts";
import { RUN_FILES } from "./run-files.ts";

/** How a folder is claimed. */
export interface ClaimOptions {
  readonly recipe: Recipe;
  /** Whether the run that may be in it is to go on. */
  readonly resume: boolean;
}

/**
 * Checks that the folder is free for this run, or holds this very run, and notes the recipe in it. A run that never came to a step does not count.
 * @returns the settings that are others than the run was begun with; only those that may change.
 * @throws {TrainingError} if the folder holds another run. @throws {ConfigError} {FileError} if it cannot be read or written.
 */
export async function claimFolder(folder: string, { recipe, resume }: ClaimOptions): Promise<readonly RecipeDifference[]> {
  const file = join(folder, RUN_FILES.config);
  const noted = await readBegunRecipe(file);
  const holdsSteps = (await hasCheckpoints(folder)) || (await hasLoggedSteps(folder));
  // a run that failed before its first step leaves only its recipe: there is nothing to go on with, and nothing to lose
  const begun = holdsSteps ? noted : undefined;
  if (holdsSteps && !resume) throw taken(folder, "it holds a run already. Go on with it by --resume, or choose another folder");
  if (holdsSteps && begun === undefined) {
    throw taken(folder, `it holds a run's steps but no ${RUN_FILES.config} that says of what. Restore that file, or choose another folder`);
  }
  const changes = begun === undefined ? [] : recipeDifferences(begun, plain(recipe));
  const forbidden = changes.filter((change) => !isChangeable(change));
  if (forbidden.length > 0) throw taken(folder, describeForeign(forbidden, file));
  if (begun === undefined || changes.length > 0) await writeJsonAtomic(file, recipe);
  return changes;
}

/** The recipe in a folder, with the defaults of settings that it was written without; undefined if there is none. */
async function readBegunRecipe(file: string): Promise<unknown> {
  const json = await readJsonFile(file).catch((error: unknown) => {
    if (error instanceof FileError && error.details["errno"] === "ENOENT") return undefined;
    throw error;
  });
  return json === undefined ? undefined : plain(checkRecipe(json, file));
}

async function hasCheckpoints(folder: string): Promise<boolean> {
  const { whole, damaged } = await findCheckpoints(join(folder, RUN_FILES.checkpoints));
  return whole.length + damaged.length > 0;
}

async function hasLoggedSteps(folder: string): Promise<boolean> {
  const file = join(folder, RUN_FILES.metrics);
  if (!(await stat(file).then(Boolean, () => false))) return false;
  const { rows } = await readJsonLines(file);
  return rows.some((row) => typeof row === "object" && row !== null && "type" in row && row.type === "step");
}

function describeForeign(forbidden: readonly RecipeDifference[], file: string): string {
  const list = forbidden.slice(0, 3).map(({ field, from, to }) => `${field} is ${shorten(to)}, begun with ${shorten(from)}`);
  const more = forbidden.length > list.length ? `, and ${forbidden.length - list.length} more` : "";
  return `the run in it has another recipe (${list.join("; ")}${more}). Resume it with the recipe it was begun with (${file}), or choose another folder`;
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function taken(folder: string, reason: string): TrainingError {
  return new TrainingError({ message: `cannot train in ${folder}: ${reason}`, details: { run: folder } });
}

/** The value as JSON gives it back. */
export function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}
