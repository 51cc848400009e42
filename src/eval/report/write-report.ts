import { join } from "node:path";
import { writeFileAtomic, writeJsonAtomic } from "../../files/atomic-write.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { renderReport } from "./render-report.ts";
import { parseReport } from "./report-schema.ts";
import type { Report } from "./report-types.ts";

/** The files of a written report. */
export interface ReportFiles {
  readonly html: string;
  readonly json: string;
}

/**
 * Writes `report.json` and `report.html` into a folder, each whole or not at all.
 * @throws {FileError} if the folder cannot be written. @throws {DataError} if the report holds something JSON cannot, e.g. NaN.
 */
export async function writeReport(folder: string, report: Report): Promise<ReportFiles> {
  const files = { html: join(folder, "report.html"), json: join(folder, "report.json") };
  parseReport(JSON.parse(JSON.stringify(report)), files.json);
  await writeJsonAtomic(files.json, report);
  await writeFileAtomic(files.html, await renderReport(report));
  return files;
}

/** Reads a `report.json`. @throws {FileError} @throws {ConfigError} if it is no JSON. @throws {DataError} naming the field. */
export async function readReport(file: string): Promise<Report> {
  return parseReport(await readJsonFile(file), file);
}
