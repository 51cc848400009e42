import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { COMPILED, compiledKernel } from "./compile.ts";

test("the kernel that ships is what its source compiles to; `npm run make-kernels` makes it anew", async () => {
  expect(await readFile(COMPILED, "utf8")).toBe(await compiledKernel());
}, 60_000);
