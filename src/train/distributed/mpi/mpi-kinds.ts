import type { Launch } from "../launch.ts";

/** A value of a type that MPI keeps to itself: an address in Open MPI, a number in MPICH. */
export type Handle = bigint | number;

/** The two binary interfaces that MPI libraries have. */
export type MpiFamily = "open-mpi" | "mpich";

/** How a binary interface passes handles, and where those that are needed come from. */
export interface MpiKind {
  /** The C type of a handle. */
  readonly handleType: "void *" | "int";
  /** @param symbol gives the address of a symbol of the library. */
  readonly handles: (symbol: (name: string) => bigint) => { readonly world: Handle; readonly byte: Handle };
}

/**
 * Open MPI's handles are addresses of its global objects (`mpi.h`: `MPI_COMM_WORLD` is `&ompi_mpi_comm_world`); MPICH's are numbers laid down by the
 * interface that it shares with Intel MPI, MVAPICH and Cray MPICH. @source `mpi.h` of both; the MPICH ABI Compatibility Initiative.
 */
export const MPI_KINDS: Readonly<Record<MpiFamily, MpiKind>> = {
  "open-mpi": {
    handleType: "void *",
    handles: (symbol) => ({ world: symbol("ompi_mpi_comm_world"), byte: symbol("ompi_mpi_byte") }),
  },
  mpich: { handleType: "int", handles: () => ({ world: 0x44_00_00_00, byte: 0x4c_00_01_0d }) },
};

/** The family that a library's own description names; undefined if it is none that is known. */
export function familyOf(description: string): MpiFamily | undefined {
  if (/^Open MPI\b/i.test(description)) return "open-mpi";
  return /^(MPICH|Intel\(R\) MPI|MVAPICH|CRAY MPICH)\b/i.test(description) ? "mpich" : undefined;
}

const NAMES: Readonly<Record<MpiFamily, readonly string[]>> = {
  "open-mpi": ["libmpi.so.40", "libmpi.40.dylib"],
  mpich: ["libmpi.so.12", "libmpich.so.12", "libmpi.12.dylib", "libmpich.12.dylib"],
};

/** Names under which libraries are looked for, those of the launcher's family first. */
export function libraryNames(family: Launch["family"], platform: NodeJS.Platform): readonly string[] {
  const order = family === "mpich" ? (["mpich", "open-mpi"] as const) : (["open-mpi", "mpich"] as const);
  const isOfPlatform = (name: string): boolean => name.endsWith(".dylib") === (platform === "darwin");
  return [...order.flatMap((each) => NAMES[each]).filter(isOfPlatform), platform === "darwin" ? "libmpi.dylib" : "libmpi.so"];
}
