/**
 * Searches a folder of pictures by a text. Embeddings are kept on disk, so a second run embeds only new pictures.
 * Run it with `npx tsx examples/search-folder.ts [folder] [text] [model folder]`; without a folder it draws some pictures.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { indexPictures, loadModel } from "polyvec";

const [given, text = "red circle", modelFolder] = process.argv.slice(2);
const scratch = await mkdtemp(join(tmpdir(), "polyvec-example-"));
const folder = given ?? scratch;
for (const colour of ["red", "green", "blue"]) {
  const shape = `<circle cx="32" cy="32" r="24" fill="${colour}"/>`;
  await writeFile(join(scratch, `${colour}.svg`), `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64">${shape}</svg>`);
}

await using model = await loadModel(modelFolder);
const { index, files } = await indexPictures(folder, { model, cacheFolder: join(scratch, "cache") });

const instruction = model.instructions["text-to-image"];
const [query] = await model.embed([{ text, ...(instruction !== undefined && { instruction }) }]);
if (query === undefined) process.exit(1);

console.log(`"${text}" by the aggregate:`);
for (const { id, score } of index.search(query, { k: 3 })) console.log(score.toFixed(3), files.get(id)?.join(", "));

// The same stored vectors, steered at query time: the first path counts double.
const weights = query.paths.map((_, path) => (path === 0 ? 2 : 1));
console.log("by all paths, the first one counting double:");
for (const { id, score } of index.search(query, { k: 3, view: "all", weights })) console.log(score.toFixed(3), files.get(id)?.join(", "));

await rm(scratch, { recursive: true });
