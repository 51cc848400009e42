/** What a launcher tells a process that it starts. */
export interface Launch {
  readonly rank: number;
  readonly size: number;
  /** Processes on this machine. */
  readonly localSize: number;
  /** The MPI that the launcher belongs to, as far as its words tell. */
  readonly family: "open-mpi" | "mpich" | "unknown";
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the environment for a launcher of MPI: `mpirun` of Open MPI, of MPICH and what descends from it, Slurm's `srun` with PMIx or PMI-2.
 * @returns undefined if there is none, or if it started one process only.
 */
export function detectLaunch(env: Environment): Launch | undefined {
  const launch = openMpi(env) ?? mvapich(env) ?? pmi(env) ?? pmix(env);
  return launch === undefined || launch.size < 2 ? undefined : launch;
}

function openMpi(env: Environment): Launch | undefined {
  const [size, rank] = [count(env["OMPI_COMM_WORLD_SIZE"]), count(env["OMPI_COMM_WORLD_RANK"])];
  if (size === undefined || rank === undefined) return undefined;
  return { rank, size, localSize: count(env["OMPI_COMM_WORLD_LOCAL_SIZE"]) ?? slurmLocalSize(env) ?? size, family: "open-mpi" };
}

function mvapich(env: Environment): Launch | undefined {
  const [size, rank] = [count(env["MV2_COMM_WORLD_SIZE"]), count(env["MV2_COMM_WORLD_RANK"])];
  if (size === undefined || rank === undefined) return undefined;
  return { rank, size, localSize: count(env["MV2_COMM_WORLD_LOCAL_SIZE"]) ?? size, family: "mpich" };
}

function pmi(env: Environment): Launch | undefined {
  const [size, rank] = [count(env["PMI_SIZE"]), count(env["PMI_RANK"])];
  if (size === undefined || rank === undefined) return undefined;
  return { rank, size, localSize: count(env["MPI_LOCALNRANKS"]) ?? slurmLocalSize(env) ?? size, family: "mpich" };
}

/** PMIx tells the rank alone; the number of processes is Slurm's to tell. */
function pmix(env: Environment): Launch | undefined {
  const [size, rank] = [count(env["SLURM_STEP_NUM_TASKS"]) ?? count(env["SLURM_NTASKS"]), count(env["PMIX_RANK"])];
  if (size === undefined || rank === undefined) return undefined;
  return { rank, size, localSize: slurmLocalSize(env) ?? size, family: "unknown" };
}

/** Of this node, from Slurm's run-length list: `4(x2),3` is four tasks on each of two nodes, then three. */
function slurmLocalSize(env: Environment): number | undefined {
  const list = env["SLURM_STEP_TASKS_PER_NODE"] ?? env["SLURM_TASKS_PER_NODE"];
  const node = count(env["SLURM_NODEID"]) ?? 0;
  const sizes = (list ?? "").split(",").flatMap((item) => {
    const [, tasks, nodes] = /^(\d+)(?:\(x(\d+)\))?$/.exec(item.trim()) ?? [];
    return tasks === undefined ? [] : Array.from({ length: Number(nodes ?? 1) }, () => Number(tasks));
  });
  return sizes[node];
}

function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
