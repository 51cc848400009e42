import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Tensor } from "../../engine/tensor/tensor.ts";
import { WeightsError } from "../../errors/families.ts";
import { writeJsonAtomic } from "../../files/atomic-write.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { parseConfig } from "../../files/parse-config.ts";
import { replaceFolder } from "../../files/replace-folder.ts";
import { openSafetensors, writeSafetensors } from "../../model/formats/safetensors.ts";

/** Everything that training goes on from. */
export interface CheckpointState {
  /** Steps done. */
  readonly step: number;
  /** Trained weights, float32, bit for bit. */
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly optimizer: ReadonlyMap<string, Tensor>;
  readonly estimator: ReadonlyMap<string, Tensor>;
}

/** What was found in a folder of checkpoints. */
export interface FoundCheckpoint {
  /** The newest whole one. */
  readonly state: CheckpointState | undefined;
  /** Newer ones that are damaged, and why; they were passed over. */
  readonly damaged: readonly { readonly folder: string; readonly reason: string }[];
}

const STATE_FILE = "state.json";
const TENSORS_FILE = "tensors.safetensors";
const PARTS = ["weights", "optimizer", "estimator"] as const;
const FOLDER = /^step-(\d+)$/;

/**
 * Writes `step-<n>/` so that it is wholly there or not at all, then removes the oldest beyond `keep`.
 * @throws {FileError} if the disk is full; earlier checkpoints are untouched.
 */
export async function saveCheckpoint(folder: string, state: CheckpointState, { keep }: { readonly keep: number }): Promise<void> {
  const target = join(folder, `step-${String(state.step).padStart(7, "0")}`);
  await replaceFolder(target, { marker: STATE_FILE, owned: [STATE_FILE, TENSORS_FILE] }, async (fresh) => {
    const tensors = PARTS.flatMap((part) => [...state[part]].map(([name, tensor]) => [`${part}/${name}`, tensor] as const));
    await writeSafetensors(join(fresh, TENSORS_FILE), new Map(tensors));
    await writeJsonAtomic(join(fresh, STATE_FILE), { format: "polyvec-checkpoint", version: 1, step: state.step, tensors: tensors.length });
  });
  const old = (await checkpointFolders(folder)).slice(keep);
  await Promise.all(old.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

/** Reads the newest whole checkpoint; damaged ones are passed over and told. */
export async function loadLatestCheckpoint(folder: string): Promise<FoundCheckpoint> {
  const damaged: { folder: string; reason: string }[] = [];
  for (const name of await checkpointFolders(folder)) {
    const place = join(folder, name);
    try {
      return { state: await readCheckpoint(place), damaged };
    } catch (error) {
      damaged.push({ folder: place, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { state: undefined, damaged };
}

/** Names of checkpoints, newest first. */
async function checkpointFolders(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => FOLDER.test(name)).sort((a, b) => stepOf(b) - stepOf(a));
}

function stepOf(name: string): number {
  return Number(FOLDER.exec(name)?.[1]);
}

const stateSchema = z.strictObject({
  format: z.literal("polyvec-checkpoint"),
  version: z.literal(1),
  step: z.int().nonnegative(),
  tensors: z.int().nonnegative(),
});

async function readCheckpoint(folder: string): Promise<CheckpointState> {
  const file = join(folder, STATE_FILE);
  const { step, tensors: count } = parseConfig(stateSchema, await readJsonFile(file), { file });
  await using stored = await openSafetensors(join(folder, TENSORS_FILE));
  if (stored.names.length !== count) throw incomplete(join(folder, TENSORS_FILE), stored.names.length, count);
  const parts = { weights: new Map<string, Tensor>(), optimizer: new Map<string, Tensor>(), estimator: new Map<string, Tensor>() };
  for (const name of stored.names) {
    const part = PARTS.find((each) => name.startsWith(`${each}/`));
    if (part !== undefined) parts[part].set(name.slice(part.length + 1), await stored.read(name));
  }
  return { step, ...parts };
}

function incomplete(file: string, actual: number, expected: number): WeightsError {
  return new WeightsError({
    message: `${file}: it holds ${actual} tensors, expected ${expected}; the checkpoint is damaged`,
    details: { file, actual, expected },
  });
}
