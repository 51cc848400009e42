import { join, resolve } from "node:path";
import { openImageStore } from "../../data/image-store/image-store.ts";
import { breaksTraining, checkPairs, type Findings, type PairReport } from "../../data/pairs/check/check-pairs.ts";
import { findPairs, openPairs } from "../../data/pairs/open-pairs.ts";
import { findModel } from "../../embed/load-model.ts";
import { DataError } from "../../errors/families.ts";
import { writeFileAtomic, writeJsonAtomic } from "../../files/atomic-write.ts";
import { loadTokenizer } from "../../model/formats/tokenizer.ts";
import { locatePairs } from "../../train/sources/pairs/locate-pairs.ts";
import type { CommandContext } from "../command-module.ts";
import { showDownload } from "../terminal/show-download.ts";
import { formatTable } from "../terminal/table.ts";
import { checkPage } from "./check-page.ts";

/** What is checked, and how. */
export interface CheckDataOptions {
  readonly images?: string | undefined;
  readonly split: string;
  readonly datasets?: readonly string[] | undefined;
  readonly model?: string | undefined;
  readonly rows?: number | undefined;
  readonly out?: string | undefined;
}

/** Checks every dataset at a place. @throws {DataError} after all were told, if a training on one would break. */
export async function checkData(path: string, options: CheckDataOptions, context: CommandContext): Promise<void> {
  const place = { ...options, path, resolved: resolve(path), withImages: options.images === undefined };
  const located = await locatePairs(place, showDownload(context));
  const found = await findPairs(located.path, options);
  const tokensOf = options.model === undefined ? undefined : await tokenCounter(options.model, context);
  await using images = await openImageStore(options.images ?? located.images);
  const reports: PairReport[] = [];
  for (const files of found) {
    await using dataset = await openPairs(files);
    const total = Math.min(dataset.rows, options.rows ?? dataset.rows);
    const task = context.progress.task({ label: `check ${dataset.name}`, total, unit: "rows", itemUnit: "rows" });
    const onRow = (row: number): void => (row % 100 === 0 || row === total ? task.update({ done: row }) : undefined);
    reports.push(await checkPairs(dataset, { rows: options.rows, images, tokensOf, onRow, signal: context.signal }));
    task.finish();
  }
  const files = options.out === undefined ? undefined : await writeCheck(options.out, path, reports);
  if (context.json) await context.out.json({ path, datasets: reports, files: files ?? null });
  else await context.out.line([...printCheck(reports), ...(files === undefined ? [] : [`The page: ${files.html}`])].join("\n\n"));
  const broken = reports.filter(breaksTraining).map(({ name }) => name);
  if (broken.length === 0) return;
  const message = `a training on ${path} would break at ${broken.join(", ")}: see the problems above, mend the rows or leave the datasets out`;
  throw new DataError({ message, details: { file: path, row: null, field: null, datasets: broken } });
}

async function tokenCounter(model: string, context: CommandContext): Promise<(text: string) => number> {
  const tokenizer = await loadTokenizer(join(await findModel(model, showDownload(context)), "tokenizer.json"));
  return (text) => tokenizer.encode(text).length;
}

async function writeCheck(folder: string, path: string, reports: readonly PairReport[]): Promise<{ html: string; json: string }> {
  const files = { html: join(folder, "data-check.html"), json: join(folder, "data-check.json") };
  await writeJsonAtomic(files.json, { path, datasets: reports });
  await writeFileAtomic(files.html, await checkPage(path, reports));
  return files;
}

/** The datasets as a table, then what is wrong with them. */
function printCheck(reports: readonly PairReport[]): string[] {
  const right = "right";
  const unit = reports[0]?.lengths.unit ?? "characters";
  const titles = [
    "rows",
    "used",
    "empty",
    "wrong",
    "images",
    "missing",
    "duplicates",
    "shared",
    "hard neg.",
    `query ${unit}`,
    `positive ${unit}`,
  ];
  const table = formatTable(
    [{ title: "dataset" }, ...titles.map((title) => ({ title, align: right }) as const)],
    reports.map((report) => [
      report.name,
      report.rows,
      report.usable,
      report.empty.count,
      report.wrong.count,
      report.images,
      report.missingImages.count,
      report.duplicates.count,
      report.sharedPositives,
      report.hardNegatives,
      span(report.lengths.query),
      span(report.lengths.positive),
    ]),
  );
  return [table, ...reports.flatMap(problems)];
}

/** Median and the longest. */
function span(lengths: PairReport["lengths"]["query"]): string {
  return lengths === undefined ? "" : `${lengths.median} to ${lengths.longest}`;
}

function problems({ name, wrong, missingImages, empty, duplicates }: PairReport): string[] {
  const told = (title: string, { count, examples }: Findings): string[] =>
    count === 0 ? [] : [[`${name}: ${count} ${title}`, ...examples.map(({ row, what }) => `  row ${row}: ${what}`)].join("\n")];
  return [
    ...told("rows that cannot be read", wrong),
    ...told("images that are missing", missingImages),
    ...told("empty rows, which are left out", empty),
    ...told("duplicates", duplicates),
  ];
}
