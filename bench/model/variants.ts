import type { EmbedOptions } from "../../src/embed/embed-options.ts";
import { SINGLE_PATH, type PathConfig, type PathTopology } from "../../src/model/paths/path-config.ts";

/** A kind of model, and what is asked of it. */
export interface Variant {
  readonly name: string;
  readonly paths: PathConfig;
  readonly ask: EmbedOptions;
}

/** Paths as the recipes have them: prefixes of 8, a learnt gate. */
export function pathsOf(count: number, topology: PathTopology): PathConfig {
  return { count, prefixLength: 8, topology, aggregation: "gate" };
}

export const PARALLEL: PathTopology = { kind: "parallel" };
export const SHARED: PathTopology = { kind: "shared", readoutTokens: 1 };

/** What all others are compared with: one path without a prefix. */
export const BASELINE = "SSC";

/** @param layerCount layers of the decoder: `branchLayer` parts halfway. */
export function embeddingVariants(layerCount: number): readonly Variant[] {
  const branch: PathTopology = { kind: "branchLayer", layer: Math.floor(layerCount / 2) };
  const all = (name: string, paths: PathConfig): Variant => ({ name, paths, ask: { paths: "all" } });
  const single = (name: string, paths: PathConfig): Variant => ({ name, paths, ask: { paths: "single" } });
  return [
    all(BASELINE, SINGLE_PATH),
    single("one path of parallel 4", pathsOf(4, PARALLEL)),
    single("one path of shared 4", pathsOf(4, SHARED)),
    all("shared 4", pathsOf(4, SHARED)),
    all(`branch 4 at layer ${branch.layer}`, pathsOf(4, branch)),
    all("parallel 2", pathsOf(2, PARALLEL)),
    all("parallel 4", pathsOf(4, PARALLEL)),
    all("parallel 8", pathsOf(8, PARALLEL)),
  ];
}
