import { availableParallelism } from "node:os";
import type { Check, Verdict } from "./check.ts";
import { rule } from "./check.ts";
import { commands, packageCheck } from "./commands.ts";
import { checkErrors, checkLeftOpen, checkLength, checkPrinting, describeLengths } from "./house-rules.ts";
import { checkLinks } from "./links.ts";
import { checkLockFile } from "./lock-file.ts";
import { Repository } from "./repository.ts";
import { checkRooms } from "./rooms.ts";
import { checkStartUp } from "./start-up.ts";
import { checkWords } from "./words.ts";

/** Every check, the slow ones first. */
const CHECKS: readonly Check[] = [
  packageCheck,
  commands("types", ["tsc", "-p", "tsconfig.json", "--pretty", "false"], ["tsc", "-p", "src/dashboard/page", "--pretty", "false"]),
  commands("format", ["prettier", "--check", "--log-level", "warn", "."]),
  commands("knip", ["knip", "--no-progress"]),
  commands("lint", ["oxlint", "--deny-warnings", "--format", "unix"]),
  rule("rooms", checkRooms),
  rule("errors", checkErrors),
  rule("printing", checkPrinting),
  rule("length", checkLength, describeLengths),
  rule("left open", checkLeftOpen),
  rule("start-up", checkStartUp),
  rule("words", checkWords),
  rule("links", checkLinks),
  rule("lock file", checkLockFile),
];

async function runCheck(check: Check, repository: Repository): Promise<boolean> {
  const start = performance.now();
  const { problems, note }: Verdict = await check.run(repository);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${problems.length === 0 ? "ok  " : "FAIL"} ${check.name.padEnd(10)} ${seconds.padStart(5)} s  ${note ?? ""}`.trimEnd());
  for (const problem of problems) console.log(problem.replaceAll(/^/gm, "       "));
  return problems.length === 0;
}

/** `npm run check [-- name ...]`: all checks, or the named ones. Exits with 1 if any found a problem, 2 for a name that is none. */
async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !CHECKS.some((check) => check.name === name));
  if (unknown.length > 0) {
    console.error(`there is no check named ${unknown.join(", ")}; there are: ${CHECKS.map(({ name }) => name).join(", ")}`);
    process.exitCode = 2;
    return;
  }
  const repository = Repository.open(import.meta.dirname);
  const waiting = CHECKS.filter(({ name }) => names.length === 0 || names.includes(name));
  const outcomes: boolean[] = [];
  const work = async (): Promise<void> => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) outcomes.push(await runCheck(check, repository));
  };
  await Promise.all(Array.from({ length: Math.max(2, Math.min(4, availableParallelism())) }, work));
  const failed = outcomes.filter((ok) => !ok).length;
  console.log(`\n${outcomes.length - failed} checks passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}

await main(process.argv.slice(2));
