import { posix } from "node:path";
import type { Repository } from "./repository.ts";

const ENTRY = "src/cli/main.ts";
const ROOMS = ["src/cli/", "src/errors/", "src/files/"];
const PACKAGES: ReadonlySet<string> = new Set(["commander", "@commander-js/extra-typings", "picocolors"]);

/**
 * `polyvec --help` is instant because nothing heavy is loaded before a command is chosen: whatever `src/cli/main.ts` imports
 * statically, directly or not, stays inside `cli/`, `errors/`, `files/` and a few light packages. Commands are imported dynamically.
 */
export function checkStartUp(repository: Repository): string[] {
  const problems: string[] = [];
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file) || !repository.files.includes(file)) return;
    seen.add(file);
    for (const { text, line, kind } of repository.facts(file).imports) {
      if (kind !== "static") continue;
      const target = text.startsWith(".") ? posix.join(posix.dirname(file), text) : text;
      const light = text.startsWith(".") ? ROOMS.some((room) => target.startsWith(room)) : text.startsWith("node:") || PACKAGES.has(text);
      if (light) visit(target);
      else problems.push(`${file}:${line} imports ${text}, which ${ENTRY} would load at every start: import it where a command needs it`);
    }
  };
  visit(ENTRY);
  return problems;
}
