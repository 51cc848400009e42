import type { Communicator, Values } from "./communicator.ts";

/** Training in one process: nothing to gather, nothing to wait for. */
export const SINGLE_PROCESS: Communicator = {
  rank: 0,
  size: 1,
  barrier: () => DONE,
  allGather: <Kind extends Values>(values: Kind) => Promise.resolve(values),
  allGatherParts: <Kind extends Values>(values: Kind) => Promise.resolve([values]),
  allReduceSum: () => DONE,
  broadcast: () => DONE,
  fail: () => DONE,
  dispose: () => DONE,
  [Symbol.asyncDispose]: () => DONE,
};

const DONE: Promise<void> = Promise.resolve();
