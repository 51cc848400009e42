import { join } from "node:path";
import type { ReproducePreset } from "./presets.ts";
import type { SetupId } from "./setups.ts";

/** A run of a reproduction. */
export interface PlannedRun {
  readonly setup: SetupId;
  readonly seed: number;
  readonly folder: string;
}

/**
 * The runs of a preset in the order they are trained in: setup by setup, so that what a later setup needs of an earlier one is there. The
 * reference is trained with more seeds where an ensemble of it needs them.
 */
export function planRuns(preset: ReproducePreset, out: string): PlannedRun[] {
  return preset.setups.flatMap((setup, place) => {
    const seeds = place === 0 ? referenceSeeds(preset) : preset.seeds;
    return seeds.map((seed) => ({ setup, seed, folder: runFolder(out, setup, seed) }));
  });
}

/** Where all runs of a reproduction lie. */
export function runsFolder(out: string): string {
  return join(out, "runs");
}

/** Where one of them lies. */
function runFolder(out: string, setup: SetupId, seed: number): string {
  return join(runsFolder(out), setup, `seed-${seed}`);
}

/** The seeds of the models whose scores are summed; none if there is no ensemble. */
export function ensembleSeeds(preset: ReproducePreset): number[] {
  return preset.ensembleSize === 0 ? [] : referenceSeeds(preset).slice(0, preset.ensembleSize);
}

function referenceSeeds({ seeds, ensembleSize }: ReproducePreset): number[] {
  const all = [...seeds];
  for (let seed = 0; all.length < ensembleSize; seed++) if (!all.includes(seed)) all.push(seed);
  return all;
}
