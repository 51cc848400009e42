/**
 * How the N paths are computed. `parallel`: N streams on the decoder's batch axis, from `branchLayer` on (0: from the start, as in the paper).
 * `shared` (ours): the input runs once without prefix; `readoutTokens` learnable tokens a path follow and alone see their path's prefixes.
 */
export type PathTopology =
  | { readonly kind: "parallel" }
  | { readonly kind: "branchLayer"; readonly layer: number }
  | { readonly kind: "shared"; readonly readoutTokens: number };

/** Parallel paths through a decoder. One path of prefix length 0 is the single-embedding baseline (SSC). */
export interface PathConfig {
  /** N, 1 or more. */
  readonly count: number;
  /** P, key-value vectors per path, layer and head; 0 for none. */
  readonly prefixLength: number;
  readonly topology: PathTopology;
  readonly aggregation: "mean" | "gate";
}

/** The baseline: one path, no prefix. */
export const SINGLE_PATH: PathConfig = { count: 1, prefixLength: 0, topology: { kind: "parallel" }, aggregation: "mean" };

/** Whether a parameter belongs to the paths (prefixes, readouts, gate) and not to the backbone. */
export function isPathParameter(name: string): boolean {
  return name.startsWith("paths.");
}

/** Whether a parameter is a layer's prefix keys or values. */
export function isPrefix(name: string): boolean {
  return isPathParameter(name) && /\.prefix_(keys|values)$/.test(name);
}
