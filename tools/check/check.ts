import type { Repository } from "./repository.ts";

/** What a check found. */
export interface Verdict {
  /** What is wrong, in the words of whoever found it; empty when all is well. */
  readonly problems: readonly string[];
  /** One line worth telling when all is well. */
  readonly note?: string;
}

/** One check of `npm run check`. */
export interface Check {
  readonly name: string;
  readonly run: (repository: Repository) => Promise<Verdict> | Verdict;
}

/** A check made of one of our own rules. */
export function rule(name: string, find: (repository: Repository) => readonly string[], note?: (repository: Repository) => string): Check {
  return { name, run: (repository) => ({ problems: find(repository), ...(note && { note: note(repository) }) }) };
}
