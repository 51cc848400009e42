import { join } from "node:path";
import { writeFileAtomic } from "../../files/atomic-write.ts";
import { parseExplanation } from "./explanation-schema.ts";
import type { Explanation } from "./explanation.ts";
import { renderExplanation } from "./page/explanation-page.ts";

/** The files of a written explanation. */
export interface ExplanationFiles {
  readonly html: string;
  readonly json: string;
}

/**
 * Writes `explain.json` and `explain.html` into a folder, each whole or not at all.
 * @throws {FileError} if the folder cannot be written. @throws {DataError} if the explanation holds something JSON cannot, e.g. NaN.
 */
export async function writeExplanation(folder: string, explanation: Explanation): Promise<ExplanationFiles> {
  const files = { html: join(folder, "explain.html"), json: join(folder, "explain.json") };
  const json = JSON.stringify(explanation);
  parseExplanation(JSON.parse(json), files.json);
  await writeFileAtomic(files.json, `${json}\n`);
  await writeFileAtomic(files.html, await renderExplanation(explanation));
  return files;
}
