import { hostname } from "node:os";
import { z } from "zod";
import { InvariantError } from "../../../errors/families.ts";
import { PolyvecError } from "../../../errors/polyvec-error.ts";
import type { Communicator, Values } from "../communicator.ts";
import { LARGEST, type MpiWorld } from "./mpi-world.ts";
import { bytesOf, OrderedSum } from "./ordered-sum.ts";

/** What a process is about to do: told to all others before anything travels, so that none waits for what does not come. */
const CALLS = { fail: 0, barrier: 1, gather: 2, sum: 3, broadcast: 4, leave: 5 } as const;
type Call = keyof typeof CALLS;

/**
 * The processes of an MPI job. Every call begins with an exchange of two numbers: what a process wants, and how many bytes it has for it. So a process that
 * cannot go on ends the call of all others with its error, and processes that lost step end with an error and not with one another's numbers.
 */
export class MpiCommunicator implements Communicator {
  readonly rank: number;
  readonly size: number;
  readonly #world: MpiWorld;
  readonly #sum: OrderedSum;
  /** Set once nothing more can be told: after an error, or when it has left. */
  #isOver = false;
  #hasLeft = false;

  constructor(world: MpiWorld) {
    this.rank = world.rank;
    this.size = world.size;
    this.#world = world;
    this.#sum = new OrderedSum(world);
  }

  async barrier(): Promise<void> {
    this.#announce("barrier", 0);
  }

  async allGather<Kind extends Values>(values: Kind): Promise<Kind> {
    return this.#gather(values).joined;
  }

  async allGatherParts<Kind extends Values>(values: Kind): Promise<readonly Kind[]> {
    const { joined, lengths } = this.#gather(values);
    let end = 0;
    return lengths.map((length) => joined.subarray((end += length) - length, end) as Kind);
  }

  async allReduceSum(values: Float32Array): Promise<void> {
    this.#expectEqual("sum", this.#announce("sum", values.byteLength));
    this.#sum.reduce(values);
  }

  async broadcast(values: Values): Promise<void> {
    this.#expectEqual("broadcast", this.#announce("broadcast", values.byteLength));
    this.#world.broadcast(bytesOf(values), 0);
  }

  async fail(error: unknown): Promise<void> {
    if (this.#isOver) return;
    const told = bytesOf(new TextEncoder().encode(JSON.stringify(tellable(error))));
    const calls = this.#exchange("fail", told.length);
    this.#isOver = true;
    this.#receiveFailure(calls, told);
  }

  async dispose(): Promise<void> {
    if (this.#hasLeft) return;
    if (!this.#isOver) this.#announce("leave", 0);
    this.#isOver = true;
    this.#hasLeft = true;
    this.#world.leave();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  #gather<Kind extends Values>(values: Kind): { readonly joined: Kind; readonly lengths: readonly number[] } {
    const counts = this.#announce("gather", values.byteLength).map(({ bytes }) => bytes);
    const { BYTES_PER_ELEMENT: width } = values;
    const lengths = counts.map((bytes) => bytes / width);
    const joined = sameKind(
      values,
      lengths.reduce((sum, length) => sum + length, 0),
    );
    const into = bytesOf(joined);
    if (into.length <= LARGEST) this.#world.gather(bytesOf(values), into, Int32Array.from(counts));
    else this.#gatherOneByOne(bytesOf(values), into, counts);
    return { joined, lengths };
  }

  /** More than MPI's int32 offsets reach. */
  #gatherOneByOne(values: Uint8Array, into: Uint8Array, counts: readonly number[]): void {
    let start = 0;
    for (const [root, bytes] of counts.entries()) {
      const part = into.subarray(start, (start += bytes));
      if (root === this.rank) part.set(values);
      this.#world.broadcast(part, root);
    }
  }

  /** Tells all what comes, and hears of them. @throws {PolyvecError} the error of a process that fails. */
  #announce(call: Call, bytes: number): readonly Announced[] {
    if (this.#isOver) throw new InvariantError({ message: `${call} after the processes parted` });
    const calls = this.#exchange(call, bytes);
    if (calls.some((each) => each.call === CALLS.fail)) {
      this.#isOver = true;
      throw this.#receiveFailure(calls, new Uint8Array(0));
    }
    if (calls.some((each) => each.call !== CALLS[call])) throw this.#lostStep(call, calls);
    return calls;
  }

  #exchange(call: Call, bytes: number): readonly Announced[] {
    const all = new Float64Array(2 * this.size);
    const counts = new Int32Array(this.size).fill(2 * all.BYTES_PER_ELEMENT);
    this.#world.gather(bytesOf(Float64Array.of(CALLS[call], bytes)), bytesOf(all), counts);
    return Array.from({ length: this.size }, (_, rank) => ({ call: all[2 * rank] as number, bytes: all[2 * rank + 1] as number }));
  }

  /** The error of the first process that failed. @param own what this process tells, if it is that one. */
  #receiveFailure(calls: readonly Announced[], own: Uint8Array): PolyvecError {
    const rank = calls.findIndex(({ call }) => call === CALLS.fail);
    const text = rank === this.rank ? own : new Uint8Array(calls[rank]?.bytes ?? 0);
    this.#world.broadcast(text, rank);
    const { code, message, details, host } = told.parse(JSON.parse(new TextDecoder().decode(text)));
    const where = `process ${rank} of ${this.size} (${host})`;
    return new PolyvecError(code, { message: rank === 0 ? message : `${where}: ${message}`, details: { ...details, rank, host } });
  }

  #expectEqual(call: Call, calls: readonly Announced[]): void {
    if (calls.some(({ bytes }) => bytes !== calls[0]?.bytes)) throw this.#lostStep(call, calls);
  }

  #lostStep(call: Call, calls: readonly Announced[]): InvariantError {
    const seen = calls.map(({ call: of, bytes }, rank) => `${rank}: ${of} of ${bytes} bytes`).join(", ");
    this.#isOver = true;
    return new InvariantError({ message: `the processes lost step at ${call} (${seen}): this is a bug in Polyvec, please report it` });
  }
}

interface Announced {
  readonly call: number;
  readonly bytes: number;
}

const told = z.object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()), host: z.string() });

function tellable(error: unknown): z.input<typeof told> {
  const host = hostname();
  if (PolyvecError.isInstance(error)) return { code: error.code, message: error.message, details: error.details, host };
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: "unexpected", message, details: {}, host };
}

function sameKind<Kind extends Values>(values: Kind, length: number): Kind {
  if (values instanceof Float32Array) return new Float32Array(length) as Kind;
  if (values instanceof Float64Array) return new Float64Array(length) as Kind;
  return (values instanceof Int32Array ? new Int32Array(length) : new Uint8Array(length)) as Kind;
}
