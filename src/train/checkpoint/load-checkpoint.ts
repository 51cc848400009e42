import { join } from "node:path";
import type { Tensor } from "../../engine/tensor/tensor.ts";
import { openSafetensors } from "../../model/formats/safetensors.ts";
import { partFile, SCALER_PART, type Checkpoint, type CheckpointPart } from "./checkpoint.ts";
import { findCheckpoints, toWarning, type CheckpointPlace, type CheckpointWarning } from "./checkpoint-folder.ts";

/** The newest checkpoint that is whole, and what had to be left out on the way to it. */
export interface LatestCheckpoint {
  /** Undefined if there is none. */
  readonly checkpoint: LoadedCheckpoint | undefined;
  /** Newer checkpoints that are damaged, newest first. */
  readonly warnings: readonly CheckpointWarning[];
}

/** A checkpoint and where it came from. */
export interface LoadedCheckpoint extends Checkpoint {
  readonly folder: string;
}

/**
 * Reads the newest whole checkpoint of a folder, bit by bit as it was saved; damaged ones are stepped over, with a warning each.
 * @throws {FileError} if one cannot be read for another reason than damage, such as its permissions.
 */
export async function loadLatestCheckpoint(folder: string): Promise<LatestCheckpoint> {
  const { whole, damaged } = await findCheckpoints(folder);
  const unreadable: CheckpointWarning[] = [];
  for (const place of whole) {
    try {
      const checkpoint = await read(place);
      return { checkpoint, warnings: newerThan(place.step, [...damaged, ...unreadable]) };
    } catch (error) {
      unreadable.push(toWarning(error, place));
    }
  }
  return { checkpoint: undefined, warnings: newerThan(-1, [...damaged, ...unreadable]) };
}

function newerThan(step: number, warnings: readonly CheckpointWarning[]): CheckpointWarning[] {
  return warnings.filter((warning) => warning.step > step).sort((a, b) => b.step - a.step);
}

async function read({ folder, step, position, hasScaler }: CheckpointPlace): Promise<LoadedCheckpoint> {
  const part = (name: CheckpointPart): Promise<Map<string, Tensor>> => readTensors(join(folder, partFile(name)));
  const [weights, optimizer, estimator] = [await part("weights"), await part("optimizer"), await part("estimator")];
  return { folder, step, position, weights, optimizer, estimator, ...(hasScaler ? { scaler: await part(SCALER_PART) } : {}) };
}

async function readTensors(file: string): Promise<Map<string, Tensor>> {
  await using opened = await openSafetensors(file);
  const tensors = new Map<string, Tensor>();
  for (const name of opened.names) tensors.set(name, await opened.read(name));
  return tensors;
}
