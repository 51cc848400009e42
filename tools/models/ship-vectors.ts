import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { drawnEmoji } from "../../src/cli/search/emoji-collection.ts";
import { toCollection } from "../../src/cli/search/emoji-index.ts";
import { openShippedEmoji, shipEmoji } from "../../src/cli/search/shipped-emoji.ts";
import { createProgress } from "../../src/cli/terminal/progress.ts";
import { loadModel } from "../../src/embed/load-model.ts";
import { ConfigError, present } from "../../src/errors/families.ts";
import { SEARCH_INSTRUCTIONS } from "../../src/model/folder/polyvec-config.ts";
import { scoreChanges } from "./score-change.ts";

/**
 * Draws the emoji of all vendors, embeds them and stores the vectors in the model's folder, so that searching them is quick from the first time on:
 *
 *     npx tsx tools/models/ship-vectors.ts models/emoji-mini
 *
 * To be run again whenever the model or a package of drawings changes; vectors of another model are not used. Prints the size, and how far
 * int8 moves the scores of searches for the names of the emoji.
 */
const [folder] = process.argv.slice(2);
if (folder === undefined) throw new ConfigError({ message: "expected <model folder>" });
await using model = await loadModel(folder);
const context = { progress: await createProgress({ stream: process.stderr }), signal: new AbortController().signal };
const exact = await drawnEmoji(model, context);
const place = await shipEmoji(model, exact);
const stored = present(await openShippedEmoji(model), "the emoji that were just stored");
const sizes = await Promise.all((await readdir(place)).map(async (name) => (await stat(join(place, name))).size));
const megabytes = sizes.reduce((sum, size) => sum + size, 0) / 1e6;
console.log(`${place}: ${toCollection(stored).pictures.size} drawings, ${megabytes.toFixed(2)} MB`);

/** Names that are searched for, spread over all. */
const NAMES = 200;
const { concepts } = exact.listing;
const names = concepts.filter((_, at) => at % Math.ceil(concepts.length / NAMES) === 0).map(({ name }) => name);
const instruction = model.instructions[SEARCH_INSTRUCTIONS.text];
const queries = await model.embed(names.map((text) => ({ text, ...(instruction !== undefined && { instruction }) })));
for (const { view, largest, sameBest } of scoreChanges(exact.index, stored.index, queries)) {
  const same = (100 * sameBest).toFixed(1);
  console.log(`${view}: a score changes by at most ${largest.toFixed(4)}, the best hit stays the same in ${same} % of ${names.length} searches`);
}
