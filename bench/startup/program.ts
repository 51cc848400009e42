import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { FileError } from "../../src/errors/families.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/** The compiled program: what `npx polyvec` starts, and the folder of its files. */
export const PROGRAM: string = join(ROOT, "dist", "cli", "main.js");
export const DIST: string = join(ROOT, "dist");

/** The model that `polyvec embed` takes if none is named. */
export const DEFAULT_MODEL: string = join(ROOT, "models", "emoji-mini");

/**
 * Checks that the program was built, and says so if it is older than its sources.
 * @throws {FileError} if it was not.
 */
export function checkProgram(say: (text: string) => void): void {
  if (!existsSync(PROGRAM)) {
    const message = `there is no ${PROGRAM}: build it with "npm run build"`;
    throw new FileError({ message, details: { file: PROGRAM, errno: "ENOENT" } });
  }
  const built = statSync(PROGRAM).mtimeMs;
  const newer = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" }).find(
    (name) => name.endsWith(".ts") && statSync(join(ROOT, "src", name)).mtimeMs > built,
  );
  if (newer !== undefined) say(`src/${newer} is newer than dist/: what is timed is not the present code; "npm run build" first`);
}
