import { join } from "node:path";
import { writeFileAtomic, writeJsonAtomic } from "../../files/atomic-write.ts";
import { parseSweepReport, type SweepReport } from "./sweep-report.ts";
import { renderSweep } from "./sweep-html.ts";
import { sweepMarkdown } from "./sweep-tables.ts";

/** The files of a written sweep. */
export interface SweepFiles {
  readonly json: string;
  readonly markdown: string;
  readonly html: string;
}

/** Writes `sweep.json`, `sweep.md` and `sweep.html` into a folder, each whole or not at all. @throws {FileError} */
export async function writeSweep(folder: string, report: SweepReport): Promise<SweepFiles> {
  const file = (ending: string): string => join(folder, `sweep.${ending}`);
  parseSweepReport(JSON.parse(JSON.stringify(report)), file("json"));
  await writeJsonAtomic(file("json"), report);
  await writeFileAtomic(file("md"), sweepMarkdown(report));
  await writeFileAtomic(file("html"), await renderSweep(report));
  return { json: file("json"), markdown: file("md"), html: file("html") };
}
