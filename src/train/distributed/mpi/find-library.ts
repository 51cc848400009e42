import { existsSync, realpathSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import type { Launch } from "../launch.ts";
import { libraryNames } from "./mpi-kinds.ts";

/** What the machine offers; a test gives its own. */
export interface LibraryPlaces {
  readonly platform: NodeJS.Platform;
  /** Folders of commands, as `PATH` has them. */
  readonly path: string | undefined;
}

const LAUNCHERS = ["mpirun", "mpiexec"] as const;

/**
 * Where an MPI library may be, likely places first: every usual name, of the launcher's family first, in the `lib` beside the commands `mpirun` and `mpiexec`, then
 * wherever the system's loader looks. So an MPI that lies in a folder of its own, as conda, Python's wheels and environment modules put it, needs no settings.
 * @returns files and bare names, as the loader takes them.
 */
export function librariesToTry(family: Launch["family"], { platform, path = "" }: LibraryPlaces): readonly string[] {
  const folders = new Set(path.split(delimiter).filter(isAbsolute).flatMap(librariesBeside));
  const beside = (name: string): string[] => [...folders].map((folder) => join(folder, name)).filter((file) => existsSync(file));
  return libraryNames(family, platform).flatMap((name) => [...beside(name), name]);
}

/** The folders of libraries that belong to the launchers in a folder of commands. */
function librariesBeside(folder: string): string[] {
  return LAUNCHERS.flatMap((launcher) => {
    try {
      const file = join(folder, launcher);
      return [file, realpathSync(file)].flatMap((each) => ["lib", "lib64"].map((lib) => join(dirname(dirname(each)), lib)));
    } catch {
      return []; // no such command
    }
  });
}
