import { DeviceError } from "../../errors/families.ts";
import type { Communicator } from "./communicator.ts";
import { detectLaunch, type Launch } from "./launch.ts";
import { MpiCommunicator } from "./mpi/mpi-communicator.ts";
import { loadMpiLibrary } from "./mpi/mpi-library.ts";
import { MpiWorld } from "./mpi/mpi-world.ts";
import { SINGLE_PROCESS } from "./single-process.ts";

/** The processes that train together, and how they were started. */
export interface OpenedCommunicator {
  readonly communicator: Communicator;
  /** Undefined for a single process. */
  readonly launch: Launch | undefined;
}

/**
 * Joins the other processes if a launcher of MPI started this one; otherwise it trains by itself, and nothing is loaded.
 * `POLYVEC_MPI_LIBRARY` names the library in place of those that are looked for.
 * @throws {DeviceError} if the library is missing, of an unknown kind, or not the launcher's.
 */
export async function openCommunicator(env: Readonly<Record<string, string | undefined>>): Promise<OpenedCommunicator> {
  const launch = detectLaunch(env);
  if (launch === undefined) return { communicator: SINGLE_PROCESS, launch };
  const named = env["POLYVEC_MPI_LIBRARY"];
  const library = await loadMpiLibrary({ library: named === "" ? undefined : named, family: launch.family });
  const world = MpiWorld.join(library);
  if (world.size !== launch.size) {
    world.leave();
    throw otherMpi(world, launch);
  }
  return { communicator: new MpiCommunicator(world), launch };
}

function otherMpi({ size, library }: MpiWorld, launch: Launch): DeviceError {
  return new DeviceError({
    message:
      `the launcher started ${launch.size} processes, but ${library.name} (${library.description}) knows of ${size}: it belongs to another MPI than the ` +
      "launcher. Set POLYVEC_MPI_LIBRARY to the launcher's own library, or start with the mpirun of this one",
    details: { device: "mpi", library: library.name, expected: launch.size, got: size },
  });
}
