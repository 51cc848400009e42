import { join } from "node:path";
import { writeFileAtomic, writeJsonAtomic } from "../../../files/atomic-write.ts";
import { renderMmebReport } from "./mmeb-html.ts";
import { mmebMarkdown } from "./mmeb-markdown.ts";
import type { MmebReport } from "./mmeb-report.ts";

/** The files of a written report. */
export interface MmebReportFiles {
  readonly json: string;
  readonly html: string;
  readonly markdown: string;
}

/** Writes `report.json`, `report.html` and `report.md` into a folder, each whole or not at all. @throws {FileError} */
export async function writeMmebReport(folder: string, report: MmebReport): Promise<MmebReportFiles> {
  const files = { json: join(folder, "report.json"), html: join(folder, "report.html"), markdown: join(folder, "report.md") };
  await writeJsonAtomic(files.json, report);
  await writeFileAtomic(files.html, await renderMmebReport(report));
  await writeFileAtomic(files.markdown, mmebMarkdown(report));
  return files;
}
