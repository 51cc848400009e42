import { DeviceError, invariant } from "../../../errors/families.ts";
import type { CFunction, CValue, MpiLibrary } from "./mpi-library.ts";

/** The processes of `MPI_COMM_WORLD`, which give each other bytes. Calls block until all processes have made them. */
export class MpiWorld {
  readonly rank: number;
  readonly size: number;
  readonly library: MpiLibrary;
  readonly #functions: Functions;

  private constructor(library: MpiLibrary, functions: Functions) {
    this.library = library;
    this.#functions = functions;
    const [rank, size] = [new Int32Array(1), new Int32Array(1)];
    this.#call("MPI_Comm_rank", library.world, rank);
    this.#call("MPI_Comm_size", library.world, size);
    this.rank = rank[0] ?? 0;
    this.size = size[0] ?? 1;
    process.on("exit", this.#abort);
  }

  /** Joins the other processes. At most once in a process. */
  static join(library: MpiLibrary): MpiWorld {
    const bound = Object.entries(SIGNATURES).map(([name, types]) => [name, library.func(name, types)]);
    const functions = Object.fromEntries(bound) as Functions;
    const provided = new Int32Array(1);
    const code = functions.MPI_Init_thread(null, null, THREAD_FUNNELED, provided);
    if (code === 0) return new MpiWorld(library, functions);
    const { name, description } = library;
    throw new DeviceError({
      message: `${name} (${description}) could not start: MPI_Init_thread gave ${code}`,
      details: { device: "mpi", library: name, code },
    });
  }

  /** The bytes of all, joined in the order of ranks, into `into`. @param counts bytes of each rank. */
  gather(values: Uint8Array, into: Uint8Array, counts: Int32Array): void {
    const { world, byte } = this.library;
    this.#call("MPI_Allgatherv", values, values.length, byte, into, counts, offsetsOf(counts), byte, world);
  }

  /** Sends a piece of `values` to each rank, and receives one from each. */
  exchange(values: Uint8Array, counts: Int32Array, into: Uint8Array, received: Int32Array): void {
    const { world, byte } = this.library;
    this.#call("MPI_Alltoallv", values, counts, offsetsOf(counts), byte, into, received, offsetsOf(received), byte, world);
  }

  /** The bytes of `root`, into those of all others. */
  broadcast(values: Uint8Array, root: number): void {
    const { world, byte } = this.library;
    for (let at = 0; at < values.length; at += LARGEST) {
      const piece = values.subarray(at, at + LARGEST);
      this.#call("MPI_Bcast", piece, piece.length, byte, root, world);
    }
  }

  barrier(): void {
    this.#call("MPI_Barrier", this.library.world);
  }

  /** Leaves; waits for all others to leave. */
  leave(): void {
    process.off("exit", this.#abort);
    this.#call("MPI_Finalize");
  }

  /** A process that ends without leaving (a second Ctrl-C, a bug) ends all others, which would wait for it. */
  readonly #abort = (code: number): void => {
    this.#functions.MPI_Abort(this.library.world, code === 0 ? 1 : code);
  };

  #call(name: keyof typeof SIGNATURES, ...values: CValue[]): void {
    // MPI ends all processes when a call fails, unless told otherwise
    const code = this.#functions[name](...values);
    invariant(code === 0, `${name} gave ${code}`);
  }
}

/** Bytes of a single call: MPI counts in int32. */
export const LARGEST: number = 2 ** 30;

/** Calls come from one thread, while the engine has others. */
const THREAD_FUNNELED = 1;

const SIGNATURES = {
  MPI_Init_thread: ["void *", "void *", "int", "void *"],
  MPI_Comm_rank: ["handle", "void *"],
  MPI_Comm_size: ["handle", "void *"],
  MPI_Allgatherv: ["void *", "int", "handle", "void *", "void *", "void *", "handle", "handle"],
  MPI_Alltoallv: ["void *", "void *", "void *", "handle", "void *", "void *", "void *", "handle", "handle"],
  MPI_Bcast: ["void *", "int", "handle", "int", "handle"],
  MPI_Barrier: ["handle"],
  MPI_Finalize: [],
  MPI_Abort: ["handle", "int"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

type Functions = Readonly<Record<keyof typeof SIGNATURES, CFunction>>;

function offsetsOf(counts: Int32Array): Int32Array {
  const offsets = new Int32Array(counts.length);
  for (let at = 1; at < counts.length; at++) offsets[at] = (offsets[at - 1] as number) + (counts[at - 1] as number);
  return offsets;
}
