import type { GradientSum } from "../gradient-sum.ts";
import type { NamedTensors } from "../optimizer/optimizer.ts";
import type { Communicator } from "./communicator.ts";

/** Numbers that are packed together before they travel; larger tensors travel by themselves. */
const PACKED = 1 << 20;

/**
 * Adds to a process's sum of gradients those of all others, in the order of ranks. A weight that no process has a gradient for stays without one.
 * @param trained the weights that are trained, the same on all processes.
 */
export async function sumGradients(communicator: Communicator, sum: GradientSum, trained: NamedTensors): Promise<void> {
  if (communicator.size === 1) return;
  const names = [...trained.keys()].sort();
  const uses = Float32Array.from(names, (name) => (sum.has(name) ? 1 : 0));
  await communicator.allReduceSum(uses);
  const tensors = names.filter((_, at) => uses[at] !== 0).map((name) => sum.tensor(name, trained.get(name)?.shape ?? []));
  for (const pack of packs(tensors)) await reduce(communicator, pack);
}

async function reduce(communicator: Communicator, pack: readonly Float32Array[]): Promise<void> {
  const [only, ...others] = pack;
  if (only !== undefined && others.length === 0) return communicator.allReduceSum(only);
  const joined = new Float32Array(pack.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const data of pack) {
    joined.set(data, at);
    at += data.length;
  }
  await communicator.allReduceSum(joined);
  at = 0;
  for (const data of pack) {
    data.set(joined.subarray(at, at + data.length));
    at += data.length;
  }
}

/** Neighbours together as long as they fit. */
function packs(tensors: readonly Float32Array[]): Float32Array[][] {
  const found: Float32Array[][] = [];
  let room = 0;
  for (const data of tensors) {
    if (data.length > room) {
      found.push([]);
      room = PACKED;
    }
    found.at(-1)?.push(data);
    room -= data.length;
  }
  return found;
}
