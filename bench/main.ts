import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeJsonAtomic } from "../src/files/atomic-write.ts";
import { describeMachine } from "./machine.ts";
import { formatSection, missedBars } from "./report.ts";
import type { BenchSuite, SuiteSection } from "./suite.ts";

const USAGE = "usage: npm run bench -- <suite> [--rounds 15] [--warmups 3] [--only <part>] [--out <file.json>]";

/** Names of the suites: folders beside this file that have a `suite.ts`. */
function suiteNames(): string[] {
  return readdirSync(import.meta.dirname).filter((name) => existsSync(join(import.meta.dirname, name, "suite.ts")));
}

/** `npm run bench -- <suite>`: prints tables, or with `--out` writes everything as JSON too. Exits with 1 if a bar was missed. */
async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { rounds: { type: "string" }, warmups: { type: "string" }, only: { type: "string" }, out: { type: "string" } },
  });
  const [name = ""] = positionals;
  const names = suiteNames();
  const measure = { ...count("rounds", values.rounds), ...count("warmups", values.warmups) };
  if (!names.includes(name) || Object.values(measure).some(Number.isNaN)) {
    console.error(`${USAGE}\nsuites: ${names.join(", ")}`);
    return 2;
  }
  const { suite } = (await import(`./${name}/suite.ts`)) as { suite: BenchSuite };
  const { only } = values;
  if (only !== undefined && suite.parts?.includes(only) !== true) {
    console.error(`${USAGE}\nparts of ${name}: ${suite.parts?.join(", ") ?? "none"}`);
    return 2;
  }
  const machine = describeMachine();
  console.log(`${name}: ${suite.summary}\n${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.platform}`);
  const sections = await suite.run({ measure, only, say: (text) => console.error(text) });
  for (const section of sections) console.log(`\n${formatSection(section)}`);
  if (values.out !== undefined) await writeJsonAtomic(values.out, { suite: name, date: new Date().toISOString(), machine, sections });
  return reportMissed(sections);
}

function count(name: "rounds" | "warmups", text: string | undefined): { readonly rounds?: number; readonly warmups?: number } {
  const form = name === "warmups" ? /^\d+$/ : /^[1-9]\d*$/;
  return text === undefined ? {} : { [name]: form.test(text) ? Number(text) : Number.NaN };
}

function reportMissed(sections: readonly SuiteSection[]): number {
  const missed = sections.flatMap((section) => missedBars(section).map((name) => `${section.title}: ${name}`));
  for (const one of missed) console.log(`bar missed: ${one}`);
  return missed.length === 0 ? 0 : 1;
}

process.exitCode = await main();
