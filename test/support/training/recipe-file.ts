import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Words that examples are made of. */
export const EXAMPLE_WORDS = ["a happy cat", "a sad dog", "a red apple", "cats and dogs", "a picture", "find the dog"] as const;

/** A pair of texts to train on, as a line of `examples.jsonl` holds it. */
export interface TextPair {
  readonly query: { readonly text: string; readonly instruction?: string };
  readonly positive: { readonly text: string };
}

/** Writes `examples.jsonl`, which recipes of {@link writeRecipe} train on. */
export async function writeExamples(folder: string, pairs: readonly TextPair[]): Promise<void> {
  await writeFile(join(folder, "examples.jsonl"), pairs.map((pair) => JSON.stringify(pair)).join("\n"));
}

/** Writes a recipe that trains the tiny base of a folder on its examples, fields given in place of its own. @returns its file. */
export async function writeRecipe(folder: string, name: string, fields: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const recipe = {
    name,
    model: { base: "base", paths: { count: 2, prefixLength: 2 } },
    data: { kind: "examples", file: "examples.jsonl", batchSize: 4 },
    optimizer: { learningRate: 1e-3 },
    steps: 3,
    checkpointEverySteps: 1,
    ...fields,
  };
  const file = join(folder, `${name}.json`);
  await writeFile(file, JSON.stringify(recipe));
  return file;
}
