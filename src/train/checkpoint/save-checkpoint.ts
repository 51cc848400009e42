import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { asFileError, writeJsonAtomic } from "../../files/atomic-write.ts";
import { writeSafetensors } from "../../model/formats/safetensors.ts";
import type { Tensor } from "../../engine/tensor/tensor.ts";
import { folderName, MANIFEST, partFile, PARTS, SCALER_PART, type Checkpoint, type CheckpointPart } from "./checkpoint.ts";
import { findCheckpoints, FORMAT, stepFolders, type Manifest } from "./checkpoint-folder.ts";

/** Settings of {@link saveCheckpoint}. */
export interface SaveOptions {
  /** How many whole checkpoints stay, this one included. */
  readonly keep: number;
}

/** What {@link saveCheckpoint} did. */
export interface SavedCheckpoint {
  /** Where it lies. */
  readonly folder: string;
  /** Older checkpoints' folders that were removed. */
  readonly removed: readonly string[];
}

/**
 * Writes a checkpoint as `<folder>/step-000123`, wholly or not at all: into a hidden folder first, every file synced, then renamed.
 * Older ones go only once it is there; whatever an earlier process left half done goes first. A whole checkpoint of the same step stays
 * as it is; a damaged one is replaced. Only one process may write into the folder: see `lockFolder`.
 * @throws {FileError} if the disk is full or the place cannot be written; what was there before is untouched.
 */
export async function saveCheckpoint(folder: string, checkpoint: Checkpoint, { keep }: SaveOptions): Promise<SavedCheckpoint> {
  const place = join(folder, folderName(checkpoint.step));
  try {
    await mkdir(folder, { recursive: true });
    await removeLeftovers(folder);
    const { whole } = await findCheckpoints(folder);
    if (!whole.some(({ step }) => step === checkpoint.step)) await write(place, checkpoint);
    return { folder: place, removed: await retire(folder, keep) };
  } catch (error) {
    throw asFileError(error, place, "write");
  }
}

async function write(place: string, checkpoint: Checkpoint): Promise<void> {
  const temporary = hiddenName(place, "partial");
  try {
    await mkdir(temporary);
    const files: Record<string, number> = {};
    for (const [part, tensors] of partsOf(checkpoint)) {
      const file = join(temporary, partFile(part));
      await writeSafetensors(file, tensors);
      files[partFile(part)] = (await stat(file)).size;
    }
    const manifest: Manifest = { format: FORMAT, step: checkpoint.step, position: { ...checkpoint.position }, files };
    await writeJsonAtomic(join(temporary, MANIFEST), manifest);
    await removeFolder(place); // damaged, if there at all
    await rename(temporary, place);
    await syncFolder(dirname(place));
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
}

function partsOf(checkpoint: Checkpoint): (readonly [CheckpointPart, ReadonlyMap<string, Tensor>])[] {
  const { scaler = new Map<string, Tensor>() } = checkpoint;
  const always = PARTS.map((part) => [part, checkpoint[part]] as const);
  return scaler.size === 0 ? always : [...always, [SCALER_PART, scaler]];
}

/** Removes what is older than the `keep` newest whole checkpoints. */
async function retire(folder: string, keep: number): Promise<string[]> {
  const { whole } = await findCheckpoints(folder);
  const oldest = whole[Math.max(1, keep) - 1];
  if (oldest === undefined) return [];
  const old = (await stepFolders(folder)).filter(({ step }) => step < oldest.step);
  for (const { folder: place } of old) await removeFolder(place);
  return old.map(({ folder: place }) => place);
}

/** Takes a folder away under a hidden name first: killed half-way, it leaves no checkpoint that looks damaged. */
async function removeFolder(place: string): Promise<void> {
  const hidden = hiddenName(place, "removed");
  const isThere = await rename(place, hidden).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw error;
    },
  );
  if (isThere) await rm(hidden, { recursive: true, force: true });
}

async function removeLeftovers(folder: string): Promise<void> {
  const names = await readdir(folder);
  for (const name of names.filter((each) => HIDDEN.test(each))) await rm(join(folder, name), { recursive: true, force: true });
}

const HIDDEN = /^\.step-\d+\.[\da-f-]+\.(partial|removed)$/;

function hiddenName(place: string, state: "partial" | "removed"): string {
  const folder = dirname(place);
  return join(folder, `.${place.slice(folder.length + 1)}.${randomUUID()}.${state}`);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined); // some systems cannot open folders
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
