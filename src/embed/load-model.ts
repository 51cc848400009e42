import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { FileError } from "../errors/families.ts";
import { fingerprintModel } from "../model/folder/fingerprint.ts";
import { MODEL_FILES } from "../model/folder/model-files.ts";
import { openModelFolder, type ModelFolder } from "../model/folder/open-model-folder.ts";
import { Embedder } from "./embedder.ts";
import type { EmbeddingModel } from "./embedding-model.ts";
import type { EmbedderOptions } from "./embedding-sessions.ts";

/** The model that is taken if none is named. */
const DEFAULT_MODEL = "emoji-mini";

/**
 * Loads a model for embedding. Little is read at first: a graph is made, with the weights it needs, when the first input of its kind comes.
 * @param pathOrName a model folder, or a model that ships with Polyvec; `emoji-mini` if not given.
 * @throws {FileError} if there is no such model. @throws {ConfigError} {WeightsError} as `openModelFolder`.
 */
export async function loadModel(pathOrName?: string, options: EmbedderOptions = {}): Promise<Embedder> {
  const folder = await openModelFolder(await findModel(pathOrName));
  return new Embedder(embeddingModelOf(folder), options);
}

/** A folder's model, as the embedder takes it. Closing it closes the folder. */
export function embeddingModelOf(folder: ModelFolder): EmbeddingModel {
  const { path, polyvec, processor, chatTemplate, lora, weights } = folder;
  return {
    name: path,
    polyvec,
    processor,
    chatTemplate,
    lora,
    readWeight: (name) => weights.read(name),
    locateWeight: (name) => weights.locate(name),
    quantizedWeight: (name) => weights.quantized(name),
    fingerprint: () => fingerprintModel(folder),
    close: () => folder.close(),
  };
}

/** Where the models lie that ship with the package. */
const SHIPPED = fileURLToPath(new URL("../../models/", import.meta.url));

/**
 * The folder of a model: the path itself if there is something, else the model of that name that ships.
 * @throws {FileError} if there is neither.
 */
export async function findModel(pathOrName: string = DEFAULT_MODEL): Promise<string> {
  if (await isThere(pathOrName)) return pathOrName;
  const shipped = join(SHIPPED, pathOrName);
  const isName = /^[\w.-]+$/.test(pathOrName);
  if (isName && (await isThere(join(shipped, MODEL_FILES.config)))) return shipped;
  const looked = isName ? `neither ${resolve(pathOrName)} nor ${shipped} is there` : `${resolve(pathOrName)} is not there`;
  const hint = pathOrName === DEFAULT_MODEL ? "" : `, or leave it out for ${DEFAULT_MODEL}`;
  const message = `there is no model ${pathOrName}: ${looked}; give a model folder${hint}`;
  throw new FileError({ message, details: { file: pathOrName, errno: "ENOENT" } });
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
