import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/**
 * The command that starts `polyvec` in a process of its own: from its source, or what `POLYVEC_TEST_MAIN` names, such as `dist/cli/main.js` that was just built,
 * which starts in half the time.
 */
export function polyvecProgram(): readonly string[] {
  const built = process.env["POLYVEC_TEST_MAIN"] ?? "";
  return built === "" ? [process.execPath, "--import", "tsx", SOURCE] : [process.execPath, built];
}
