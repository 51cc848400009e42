import { expect, test } from "vitest";
import { detectLaunch } from "./launch.ts";
import { familyOf, libraryNames } from "./mpi/mpi-kinds.ts";
import { threadsPerProcess } from "./process-threads.ts";
import { rankShare } from "./rank-share.ts";

test("launchers are known by what they tell their processes", () => {
  const openMpi = { OMPI_COMM_WORLD_SIZE: "8", OMPI_COMM_WORLD_RANK: "5", OMPI_COMM_WORLD_LOCAL_SIZE: "4", PMIX_RANK: "5" };
  expect(detectLaunch(openMpi)).toEqual({ rank: 5, size: 8, localSize: 4, family: "open-mpi" });
  const hydra = { PMI_SIZE: "4", PMI_RANK: "0", MPI_LOCALNRANKS: "2" };
  expect(detectLaunch(hydra)).toEqual({ rank: 0, size: 4, localSize: 2, family: "mpich" });
  const slurm = { SLURM_NTASKS: "7", SLURM_TASKS_PER_NODE: "2(x2),3", SLURM_NODEID: "2" };
  expect(detectLaunch({ ...slurm, PMIX_RANK: "6" })).toEqual({ rank: 6, size: 7, localSize: 3, family: "unknown" });
  expect(detectLaunch({ ...slurm, PMI_RANK: "1", PMI_SIZE: "7", SLURM_NODEID: "0" })).toMatchObject({ localSize: 2, family: "mpich" });
});

test("no launcher, one process, and an allocation without a launcher are no job", () => {
  expect(detectLaunch({})).toBeUndefined();
  expect(detectLaunch({ OMPI_COMM_WORLD_SIZE: "1", OMPI_COMM_WORLD_RANK: "0" })).toBeUndefined();
  expect(detectLaunch({ SLURM_NTASKS: "8", SLURM_PROCID: "0" })).toBeUndefined();
  expect(detectLaunch({ PMI_SIZE: "many", PMI_RANK: "0" })).toBeUndefined();
});

test("libraries are told apart by their own descriptions, and the launcher's kind is looked for first", () => {
  expect(familyOf("Open MPI v4.1.4, package: Debian OpenMPI")).toBe("open-mpi");
  expect(familyOf("MPICH Version: 4.0.2")).toBe("mpich");
  expect(familyOf("Intel(R) MPI Library 2021.13 for Linux* OS")).toBe("mpich");
  expect(familyOf("Some MPI 1.0")).toBeUndefined();
  expect(libraryNames("mpich", "linux")[0]).toBe("libmpi.so.12");
  expect(libraryNames("open-mpi", "linux")).toEqual(["libmpi.so.40", "libmpi.so.12", "libmpich.so.12", "libmpi.so"]);
  expect(libraryNames("unknown", "darwin")).toEqual(["libmpi.40.dylib", "libmpi.12.dylib", "libmpich.12.dylib", "libmpi.dylib"]);
});

test("threads are the share of the machine, or the cores that the launcher bound the process to", () => {
  expect(threadsPerProcess(4, { all: 64, allowed: 64 })).toBe(16);
  expect(threadsPerProcess(4, { all: 64, allowed: 1 })).toBe(1);
  expect(threadsPerProcess(8, { all: 2, allowed: 2 })).toBe(1);
});

test("shares are contiguous runs of whole chunks; fewer chunks than processes are cut", () => {
  const items = Array.from({ length: 10 }, (_, index) => index);
  const shares = (chunkSize: number, size: number): (readonly number[])[] =>
    Array.from({ length: size }, (_, rank) => rankShare(items, chunkSize, { rank, size }).items);
  expect(shares(4, 2)).toEqual([[0, 1, 2, 3], [4, 5, 6, 7, 8, 9]]); // prettier-ignore
  expect(shares(4, 4)).toEqual([[0, 1], [2, 3, 4], [5, 6], [7, 8, 9]]); // prettier-ignore
  expect(shares(Number.MAX_SAFE_INTEGER, 3).flat()).toEqual(items);
  expect(shares(3, 1)).toEqual([items]);
  expect(rankShare([], 4, { rank: 1, size: 2 })).toEqual({ start: 0, items: [], chunkSize: 1 });
  expect(rankShare(["a"], 4, { rank: 0, size: 2 }).items.concat(rankShare(["a"], 4, { rank: 1, size: 2 }).items)).toEqual(["a"]);
});
