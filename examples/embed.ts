/**
 * One text becomes several embeddings: one for each path of the model, and their aggregate.
 * Run it with `npx tsx examples/embed.ts [model folder]`; without a folder it takes the model that ships.
 */
import { loadModel } from "polyvec";

/** Dot product, which for vectors of unit length is their cosine. */
function similarity(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
}

await using model = await loadModel(process.argv[2]);
console.log(`${model.pathCount} paths, ${model.dimensions} dimensions`);

const circle = new TextEncoder().encode(
  '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><circle cx="32" cy="32" r="24" fill="red"/></svg>',
);
const [cat, kitten, picture] = await model.embed([
  { text: "a cat" },
  { text: "a kitten" },
  { image: circle, instruction: "Represent the drawing." },
]);
if (cat === undefined || kitten === undefined || picture === undefined) process.exit(1);

console.log("a cat and a kitten:", similarity(cat.aggregate, kitten.aggregate).toFixed(3));
cat.paths.forEach((path, index) => console.log(`  by path ${index}:`, similarity(path, kitten.paths[index] ?? path).toFixed(3)));
console.log("a cat and a red circle:", similarity(cat.aggregate, picture.aggregate).toFixed(3));

// One path alone, at the cost of a single-path model.
const [single] = await model.embed([{ text: "a cat" }], { paths: "single" });
console.log(
  "the first path alone is the first of all:",
  similarity(single?.aggregate ?? cat.aggregate, cat.paths[0] ?? cat.aggregate).toFixed(3),
);
