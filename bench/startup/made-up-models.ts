import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saveModelFolder } from "../../src/model/folder/save-model-folder.ts";
import { openBaseModel, polyvecConfigOf } from "../model/base-model.ts";
import { PARALLEL, pathsOf } from "../model/variants.ts";

/** How the models' weights are stored. */
const DTYPES = ["float32", "float16", "int8"] as const;

/** A model folder to be loaded. */
export interface NamedFolder {
  readonly name: string;
  readonly folder: string;
}

/** Saves a four-path model of the small base in every way weights can be stored, for as long as `use` runs. */
export async function withMadeUpModels<T>(use: (models: readonly NamedFolder[]) => Promise<T>): Promise<T> {
  const place = await mkdtemp(join(tmpdir(), "polyvec-bench-"));
  try {
    const base = await openBaseModel();
    const { processor, tokenizerSource, weights, paths } = await base.withPaths(pathsOf(4, PARALLEL));
    const polyvec = polyvecConfigOf({ paths });
    const { backbone, images } = processor;
    const models = DTYPES.map((dtype) => ({ dtype, name: `made-up model, ${dtype}`, folder: join(place, dtype) }));
    for (const { dtype, folder } of models)
      await saveModelFolder(folder, { backbone, polyvec, images, tokenizer: tokenizerSource, weights }, { dtype });
    return await use(models);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}
