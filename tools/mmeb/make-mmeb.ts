import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeMadeUpMmeb } from "./made-up-mmeb.ts";

/** `npm run make-mmeb -- <folder>`: writes a made-up MMEB with an embedder whose scores on it are known, and says how to run it. */
const [folder] = process.argv.slice(2);
if (folder === undefined || folder.startsWith("-")) {
  console.error("usage: npm run make-mmeb -- <folder>");
  process.exitCode = 2;
} else {
  const { layouts } = await writeMadeUpMmeb(folder);
  const oracle = join(folder, "colour-oracle.mjs");
  await copyFile(fileURLToPath(new URL("colour-oracle.js", import.meta.url)), oracle);
  const scores = Object.values(layouts.split).map(({ hits, queries }) => hits / queries);
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  console.log(`${scores.length} datasets in ${folder}; an embedder that counts colours reaches ${(100 * mean).toFixed(1)} %`);
  console.log(`polyvec eval --embedder ${oracle} --bench mmeb --data ${join(folder, "split")} --images ${join(folder, "zips")}`);
}
