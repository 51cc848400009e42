import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { MODEL_FILES } from "../model-files.ts";

/** The files of a model that are fetched before its weights, so that a model whose weights are there is whole. */
export const SMALL_FILES: readonly string[] = [
  MODEL_FILES.polyvec,
  MODEL_FILES.config,
  MODEL_FILES.preprocessor,
  MODEL_FILES.processor,
  MODEL_FILES.tokenizerConfig,
  MODEL_FILES.tokenizer,
  MODEL_FILES.chatTemplate,
  MODEL_FILES.chatTemplateJson,
  MODEL_FILES.adapterConfig,
  MODEL_FILES.weightsIndex,
  MODEL_FILES.paths,
];

/** What a folder of files from the hub lacks to be a whole model, as names of files; empty if it is one. */
export async function missingParts(folder: string): Promise<string[]> {
  const has = (name: string): Promise<boolean> => stat(join(folder, name)).then(Boolean, () => false);
  const missing: string[] = [];
  const need = async (...names: readonly [string, ...string[]]): Promise<void> => {
    if (!(await Promise.all(names.map(has))).includes(true)) missing.push(names.join(" or "));
  };
  const isAdapter = await has(MODEL_FILES.adapterConfig);
  if (isAdapter) await need(MODEL_FILES.adapter);
  const isWhole = await has(MODEL_FILES.config);
  if (!isWhole && !isAdapter) missing.push(MODEL_FILES.config);
  if (await has(MODEL_FILES.polyvec)) return missing.concat(await missingWeights(folder, has, true));
  if (!isWhole) return missing;
  await need(MODEL_FILES.tokenizer);
  await need(MODEL_FILES.preprocessor, MODEL_FILES.processor);
  return missing.concat(await missingWeights(folder, has, isAdapter));
}

/** What a folder lacks of a model's settings, weights apart, as names of files. */
export async function missingSettings(folder: string): Promise<string[]> {
  const has = (name: string): Promise<boolean> => stat(join(folder, name)).then(Boolean, () => false);
  const wanted = [[MODEL_FILES.config], [MODEL_FILES.tokenizer], [MODEL_FILES.preprocessor, MODEL_FILES.processor]];
  const there = await Promise.all(wanted.map(async (names) => (await Promise.all(names.map(has))).includes(true)));
  return wanted.filter((_, at) => there[at] !== true).map((names) => names.join(" or "));
}

/** @param mayLack whether the weights may be those of a base in another place. */
async function missingWeights(folder: string, has: (name: string) => Promise<boolean>, mayLack: boolean): Promise<string[]> {
  if (await has(MODEL_FILES.weights)) return [];
  const shards = await shardsOf(join(folder, MODEL_FILES.weightsIndex));
  if (shards === undefined) return mayLack ? [] : [`${MODEL_FILES.weights} or ${MODEL_FILES.weightsIndex}`];
  const there = await Promise.all(shards.map(has));
  return shards.filter((_, at) => there[at] !== true);
}

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string().regex(/^[^/\\]+\.safetensors$/)) });

/** The shards that an index names; undefined if there is none, or none that can be read. */
export async function shardsOf(index: string): Promise<string[] | undefined> {
  try {
    const { weight_map: map } = indexSchema.parse(JSON.parse(await readFile(index, "utf8")));
    return [...new Set(Object.values(map))].sort();
  } catch {
    return undefined;
  }
}
