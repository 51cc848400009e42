/** What may be gathered and broadcast. */
export type Values = Float32Array | Float64Array | Int32Array | Uint8Array;

/**
 * The processes that train together. Every method but `fail` is called by all of them, in the same order: a call comes back when all have made it.
 * An error on one process ends the call that the others wait in, with that error.
 * @throws {PolyvecError} from every method: what another process told by `fail`.
 */
export interface Communicator extends AsyncDisposable {
  /** Which of the processes this is, from 0; 0 alone writes and tells. */
  readonly rank: number;
  readonly size: number;
  /** Waits for all. */
  barrier(): Promise<void>;
  /** What every process gives, each as much as it likes, joined in the order of ranks. The same on all. */
  allGather<Kind extends Values>(values: Kind): Promise<Kind>;
  /** As {@link allGather}, a part for each rank. */
  allGatherParts<Kind extends Values>(values: Kind): Promise<readonly Kind[]>;
  /** Sums over all processes in the order of ranks, in place: the same bits on all, and in every run. All arrays are of one length. */
  allReduceSum(values: Float32Array): Promise<void>;
  /** Rank 0's values, written into the array of all others, which is of the same length. */
  broadcast(values: Values): Promise<void>;
  /** Tells all others that this process cannot go on. Does nothing after an error that came from another process. */
  fail(error: unknown): Promise<void>;
  /** Leaves; all processes do. Idempotent. */
  dispose(): Promise<void>;
}
