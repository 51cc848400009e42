import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
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

/** What is used of the compiler. Its own types are not asked for: they change those of arrays everywhere. */
interface Compiler {
  readonly main: (
    options: readonly string[],
    files: {
      readonly readFile: (name: string) => string | null;
      readonly writeFile: (name: string, contents: Uint8Array) => void;
      readonly listFiles: () => string[];
    },
  ) => Promise<{ readonly error: Error | null }>;
}

async function loadCompiler(): Promise<Compiler> {
  const file = createRequire(import.meta.url).resolve("assemblyscript/dist/asc.js");
  return ((await import(pathToFileURL(file).href)) as { default: Compiler }).default;
}

/** Compiles {@link SOURCE}: the compiler takes files by the ending `.ts` only, which would make ours one of TypeScript's. */
async function compile(): Promise<Buffer> {
  const source = await readFile(join(ROOT, SOURCE), "utf8");
  let binary: Uint8Array | undefined;
  const options = ["--runtime", "stub", "--noAssert", "-O3", "--enable", "simd", "--outFile", "resize.wasm"];
  const { error } = await (
    await loadCompiler()
  ).main(["resize.ts", ...options], {
    readFile: (name) => (name === "resize.ts" ? source : null),
    writeFile: (_, contents) => void (binary = Buffer.from(contents)),
    listFiles: () => [],
  });
  invariant(error === null && binary !== undefined, `${SOURCE} does not compile: ${error?.message}`);
  return Buffer.from(binary);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFileAtomic(COMPILED, await compiledKernel());
