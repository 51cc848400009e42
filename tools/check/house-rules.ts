import { isTest, type Repository } from "./repository.ts";

const LONGEST = 400;
const COMFORTABLE = 250;

/** Errors are typed: nothing outside of tests throws or rejects with the language's own classes. */
export function checkErrors(repository: Repository): string[] {
  return untested(repository, "src/", "bench/", "tools/", "datasets/").flatMap((file) =>
    repository.facts(file).bareErrors.map(({ text, line }) => `${file}:${line} uses ${text}: use a family of src/errors/families.ts`),
  );
}

/** The library never prints and never exits: only `src/cli/` may. */
export function checkPrinting(repository: Repository): string[] {
  return untested(repository, "src/")
    .filter((file) => !file.startsWith("src/cli/"))
    .flatMap((file) =>
      repository.facts(file).prints.map(({ text, line }) => `${file}:${line} uses ${text}: only src/cli/ prints and exits`),
    );
}

/** A file is one concept: more than 400 lines are several. */
export function checkLength(repository: Repository): string[] {
  return lengths(repository)
    .filter(({ lines }) => lines > LONGEST)
    .map(({ file, lines }) => `${file} has ${lines} lines, more than ${LONGEST}: it is several concepts`);
}

/** One line about the lengths of all sources, for the report. */
export function describeLengths(repository: Repository): string {
  const all = lengths(repository);
  const long = all.filter(({ lines }) => lines > COMFORTABLE).length;
  const total = all.reduce((sum, { lines }) => sum + lines, 0);
  return `${all.length} sources, ${total} lines, ${long} of them over ${COMFORTABLE}`;
}

/** Nothing is left open in the library's sources, and no test is left out of the run by accident. */
export function checkLeftOpen(repository: Repository): string[] {
  const open = /\b(?:TO[D]O|FIX[M]E|XX[X])\b/;
  return repository
    .sources("src/", "bench/", "tools/", "test/", "examples/")
    .flatMap((file) =>
      linesOf(repository, file).flatMap((text, index) => (open.test(text) ? [`${file}:${index + 1} is left open: ${text.trim()}`] : [])),
    );
}

function untested(repository: Repository, ...folders: readonly string[]): readonly string[] {
  return repository.sources(...folders).filter((file) => !isTest(file));
}

function lengths(repository: Repository): { file: string; lines: number }[] {
  return repository.sources("").map((file) => ({ file, lines: linesOf(repository, file).length }));
}

function linesOf(repository: Repository, file: string): string[] {
  return repository.read(file).trimEnd().split("\n");
}
