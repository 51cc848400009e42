import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { thrownBy } from "../../../../test/support/thrown-by.ts";
import { librariesToTry } from "./find-library.ts";
import { loadMpiLibrary } from "./mpi-library.ts";

const COMPILER = process.env["CC"] ?? "cc";

let root = "";
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), "polyvec-mpi-library-"))));
afterAll(() => rm(root, { recursive: true }));

test("a library beside the launcher comes before one of the same name elsewhere, and the launcher's kind before the other", async () => {
  const [conda, links] = [join(root, "conda"), join(root, "links")];
  for (const folder of [join(conda, "bin"), join(conda, "lib"), links]) await mkdir(folder, { recursive: true });
  for (const file of ["bin/mpirun", "lib/libmpi.so.12"]) await writeFile(join(conda, file), "");
  await symlink(join(conda, "bin", "mpirun"), join(links, "mpirun"));
  const beside = join(conda, "lib", "libmpi.so.12");
  for (const path of [join(conda, "bin"), `/none:${links}`]) {
    expect(librariesToTry("mpich", { platform: "linux", path }).slice(0, 3)).toEqual([beside, "libmpi.so.12", "libmpich.so.12"]);
    expect(librariesToTry("open-mpi", { platform: "linux", path }).slice(0, 3)).toEqual(["libmpi.so.40", beside, "libmpi.so.12"]);
  }
  expect(librariesToTry("mpich", { platform: "linux", path: undefined })[0]).toBe("libmpi.so.12");
});

describe.skipIf(process.platform !== "linux")("what is no library to train with is refused, and the way out told", () => {
  const failure = (library: string): Promise<unknown> => thrownBy(() => loadMpiLibrary({ library, family: "unknown" }));

  test("one that is not there", async () => {
    const message = expect.stringMatching(
      /POLYVEC_MPI_LIBRARY names libnone\.so\.7, which cannot be used: .*Install Open MPI or MPICH/,
    ) as string;
    expect(await failure("libnone.so.7")).toMatchObject({ code: "device", message });
  });

  test("one that is no MPI", async () => {
    const message = expect.stringMatching(/libm\.so\.6 is no library of MPI 3 or later/) as string;
    expect(await failure("libm.so.6")).toMatchObject({ code: "device", message, details: { library: "libm.so.6" } });
  });

  test.skipIf(spawnSync(COMPILER, ["--version"]).status !== 0)("one of a kind that is not known", async () => {
    const library = join(root, "libother.so");
    const source = '#include <string.h>\nint MPI_Get_library_version(char *s, int *n) { strcpy(s, "FreeMPI 9"); *n = 9; return 0; }\n';
    await writeFile(join(root, "other.c"), source);
    expect(spawnSync(COMPILER, ["-shared", "-fPIC", "-o", library, join(root, "other.c")]).status).toBe(0);
    const message = expect.stringMatching(/calls itself "FreeMPI 9", which is neither Open MPI nor of MPICH's kind/) as string;
    expect(await failure(library)).toMatchObject({ code: "device", message, details: { description: "FreeMPI 9" } });
  });
});

test("UCX is kept from watching the process's memory, unless somebody wants that", async () => {
  const given = process.env["UCX_MEM_EVENTS"];
  try {
    for (const [before, after] of [
      [undefined, "n"],
      ["y", "y"],
    ] as const) {
      delete process.env["UCX_MEM_EVENTS"];
      if (before !== undefined) process.env["UCX_MEM_EVENTS"] = before;
      await thrownBy(() => loadMpiLibrary({ library: "libnone.so.7", family: "unknown" }));
      expect(process.env["UCX_MEM_EVENTS"]).toBe(after);
    }
  } finally {
    if (given === undefined) delete process.env["UCX_MEM_EVENTS"];
    else process.env["UCX_MEM_EVENTS"] = given;
  }
});
