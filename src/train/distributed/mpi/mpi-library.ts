import { DeviceError } from "../../../errors/families.ts";
import type { Launch } from "../launch.ts";
import { librariesToTry } from "./find-library.ts";
import { familyOf, MPI_KINDS, type Handle, type MpiFamily } from "./mpi-kinds.ts";

/** What a C function is given: numbers, handles, and arrays, which are passed as they lie in memory. */
export type CValue = Handle | null | Uint8Array | Int32Array;

/** A C function that returns an error code. */
export type CFunction = (...values: CValue[]) => number;

/** An MPI library that is loaded. */
export interface MpiLibrary {
  /** As it was asked for. */
  readonly name: string;
  readonly family: MpiFamily;
  /** First line of the library's own description, `Open MPI v4.1.4, ...`. */
  readonly description: string;
  readonly world: Handle;
  readonly byte: Handle;
  /** @param types C types of the parameters; `handle` stands for what a handle is in this library. */
  func(name: string, types: readonly string[]): CFunction;
}

/** Which library is wanted. */
export interface MpiLibraryOptions {
  /** File or name of the library, as the loader takes it; looked for under the usual names if not given. */
  readonly library?: string | undefined;
  readonly family: Launch["family"];
  readonly platform?: NodeJS.Platform;
}

/**
 * Loads the MPI library, and tells by its own description of which kind it is.
 * @throws {DeviceError} if the FFI, or a library, cannot be loaded, or it is of no kind that is known.
 */
export async function loadMpiLibrary({ library, family, platform = process.platform }: MpiLibraryOptions): Promise<MpiLibrary> {
  const koffi = await loadKoffi();
  // UCX would watch every change of the process's memory, of which V8 makes many in several threads at once: MPICH crashed over it now and then
  process.env["UCX_MEM_EVENTS"] ??= "n";
  const failures: string[] = [];
  for (const name of library === undefined ? librariesToTry(family, { platform, path: process.env["PATH"] }) : [library]) {
    try {
      // plug-ins of Open MPI take their symbols from the library that is loaded already
      return describe(name, koffi.load(name, { global: true }));
    } catch (error) {
      if (error instanceof DeviceError) throw error;
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw notFound(library, failures);
}

type Koffi = typeof import("koffi");
type Loaded = ReturnType<Koffi["load"]>;

async function loadKoffi(): Promise<Koffi> {
  try {
    return (await import("koffi")).default as unknown as Koffi;
  } catch (cause) {
    throw new DeviceError({
      message:
        "training over several processes needs the optional package koffi, which is not installed or not made for this platform. " +
        "Install it (npm install koffi), or start one process without mpirun",
      details: { device: "mpi", package: "koffi" },
      cause,
    });
  }
}

const LONGEST_DESCRIPTION = 8192; // MPI_MAX_LIBRARY_VERSION_STRING of MPICH; Open MPI's is 256

function describe(name: string, loaded: Loaded): MpiLibrary {
  const bind = (symbol: string, types: readonly string[]): CFunction => loaded.func(symbol, "int", [...types]) as CFunction;
  const [text, length] = [new Uint8Array(LONGEST_DESCRIPTION), new Int32Array(1)];
  versionFunction(name, bind)(text, length);
  const [description = ""] = new TextDecoder()
    .decode(text.subarray(0, length[0]))
    .replaceAll("\0", "")
    .split("\n")
    .map((line) => line.replaceAll(/\s+/g, " ").trim());
  const family = familyOf(description);
  if (family === undefined) throw unknownKind(name, description);
  const kind = MPI_KINDS[family];
  const handles = kind.handles((symbol) => loaded.symbol(symbol) as bigint);
  const func: MpiLibrary["func"] = (symbol, types) =>
    bind(
      symbol,
      types.map((type) => (type === "handle" ? kind.handleType : type)),
    );
  return { name, family, description, ...handles, func };
}

function versionFunction(library: string, bind: (symbol: string, types: readonly string[]) => CFunction): CFunction {
  try {
    return bind("MPI_Get_library_version", ["void *", "void *"]);
  } catch (cause) {
    throw new DeviceError({
      message: `${library} is no library of MPI 3 or later, as it has no MPI_Get_library_version; name another by POLYVEC_MPI_LIBRARY`,
      details: { device: "mpi", library },
      cause,
    });
  }
}

function unknownKind(library: string, description: string): DeviceError {
  return new DeviceError({
    message:
      `the MPI library ${library} calls itself "${description}", which is neither Open MPI nor of MPICH's kind (MPICH, Intel MPI, MVAPICH, Cray MPICH). ` +
      "Name one of those by POLYVEC_MPI_LIBRARY",
    details: { device: "mpi", library, description },
  });
}

function notFound(library: string | undefined, failures: readonly string[]): DeviceError {
  const wayOut = "Install Open MPI or MPICH, or set POLYVEC_MPI_LIBRARY to the file of the library that mpirun belongs to";
  const message =
    library === undefined
      ? `this process was started by an MPI launcher, but no MPI library can be loaded (${failures.join("; ")}). ${wayOut}`
      : `POLYVEC_MPI_LIBRARY names ${library}, which cannot be used: ${failures.join("; ")}. ${wayOut}`;
  return new DeviceError({ message, details: { device: "mpi", ...(library === undefined ? {} : { library }), tried: failures } });
}
