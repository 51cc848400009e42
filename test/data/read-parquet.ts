import { readParquetRows } from "../../src/data/parquet/read-rows.ts";

/**
 * Reads a parquet file through and tells what that took, as a line of JSON: `npx tsx test/data/read-parquet.ts <file>`. `peakMegabytes` is the most
 * memory that the process ever had.
 */
const [, , file = ""] = process.argv;
const start = performance.now();
let rows = 0;
let characters = 0;
for await (const { values } of readParquetRows(file)) {
  rows++;
  for (const value of Object.values(values)) if (typeof value === "string") characters += value.length;
}
const seconds = (performance.now() - start) / 1000;
const peakMegabytes = process.resourceUsage().maxRSS / 1024;
process.stdout.write(`${JSON.stringify({ rows, characters, seconds, peakMegabytes })}\n`);
