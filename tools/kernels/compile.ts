import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { format, resolveConfig } from "prettier";
import { invariant } from "../../src/errors/families.ts";
import { writeFileAtomic } from "../../src/files/atomic-write.ts";

const ROOT = join(import.meta.dirname, "../..");
const SOURCE = "tools/kernels/resize.as";
/** The module that holds the compiled kernel. */
export const COMPILED: string = join(ROOT, "src/inputs/resize-kernel.ts");

/** The text of {@link COMPILED}. */
export async function compiledKernel(): Promise<string> {
  const text = `/**
 * The WebAssembly module that \`${SOURCE}\` compiles to, in base64. Made by \`npm run make-kernels\`.
 */
export const RESIZE_KERNEL: string = ${JSON.stringify((await compile()).toString("base64"))};
`;
  return format(text, { ...(await resolveConfig(COMPILED)), filepath: COMPILED });
}

/** Compiles {@link SOURCE}: the compiler takes files by the ending `.ts` only, which would make ours one of TypeScript's. */
async function compile(): Promise<Buffer> {
  const source = await readFile(join(ROOT, SOURCE), "utf8");
  let binary: Uint8Array | undefined;
  const options = ["--runtime", "stub", "--noAssert", "-O3", "--enable", "simd", "--outFile", "resize.wasm"];
  const { error } = await asc.main(["resize.ts", ...options], {
    readFile: (name) => (name === "resize.ts" ? source : null),
    writeFile: (_, contents) => void (binary = Buffer.from(contents)),
    listFiles: () => [],
  });
  invariant(error === null && binary !== undefined, `${SOURCE} does not compile: ${error?.message}`);
  return Buffer.from(binary);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFileAtomic(COMPILED, await compiledKernel());
