import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readFacts, type SourceFacts } from "./source-facts.ts";

/** The files of the clone, tracked or new but not ignored; paths are relative to the root, with forward slashes. */
export class Repository {
  readonly root: string;
  readonly files: readonly string[];
  readonly #facts = new Map<string, SourceFacts>();

  private constructor(root: string, files: readonly string[]) {
    this.root = root;
    this.files = files;
  }

  /** The repository that holds `folder`. */
  static open(folder: string): Repository {
    const git = (...args: string[]): string => execFileSync("git", args, { cwd: folder, encoding: "utf8", maxBuffer: 2 ** 26 });
    const root = git("rev-parse", "--show-toplevel").trim();
    const listed = git("ls-files", "--cached", "--others", "--exclude-standard", "-z", "--full-name", root).split("\0");
    const files = [...new Set(listed)].filter((file) => file !== "" && existsSync(join(root, file)));
    return new Repository(root, files.sort());
  }

  /** TypeScript sources whose path starts with one of `folders`. */
  sources(...folders: readonly string[]): readonly string[] {
    return this.files.filter((file) => /\.[mc]?tsx?$/.test(file) && folders.some((folder) => file.startsWith(folder)));
  }

  read(file: string): string {
    return readFileSync(join(this.root, file), "utf8");
  }

  /** What the parser finds in one source; parsed once. */
  facts(file: string): SourceFacts {
    const known = this.#facts.get(file) ?? readFacts(file, this.read(file));
    this.#facts.set(file, known);
    return known;
  }
}

/** Whether a file is a test or serves only tests. */
export function isTest(file: string): boolean {
  return /\.test\.[mc]?tsx?$/.test(file) || file.startsWith("test/");
}
