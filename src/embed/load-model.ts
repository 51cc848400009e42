import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { FileError, HubError } from "../errors/families.ts";
import { fingerprintModel } from "../model/folder/fingerprint.ts";
import { parseHubId, type HubId } from "../model/folder/hub/hub-id.ts";
import { fetchHubModel } from "../model/folder/hub/hub-model.ts";
import type { HubOptions } from "../model/folder/hub/hub-options.ts";
import { MODEL_FILES } from "../model/folder/model-files.ts";
import { readChatTemplate } from "../model/folder/read-chat-template.ts";
import type { ChatTemplate } from "../model/formats/chat-template.ts";
import { openModelFolder, type ModelFolder } from "../model/folder/open-model-folder.ts";
import { Embedder } from "./embedder.ts";
import type { EmbeddingModel } from "./embedding-model.ts";
import type { EmbedderOptions } from "./embedding-sessions.ts";

/** The model that is taken if none is named. */
const DEFAULT_MODEL = "emoji-mini";

/** How a model is found and run. */
export interface LoadModelOptions extends EmbedderOptions, HubOptions {}

/**
 * Loads a model for embedding. Little is read at first: a graph is made, with the weights it needs, when the first input of its kind comes.
 * @param pathOrName a model folder, a model that ships with Polyvec, or one of the hub, `org/name` or `org/name@revision`, which is fetched
 * once; `emoji-mini` if not given.
 * @throws {FileError} if there is no such model. @throws {HubError} if it cannot be fetched. @throws {ConfigError} {WeightsError} as `openModelFolder`.
 */
export async function loadModel(pathOrName?: string, options: LoadModelOptions = {}): Promise<Embedder> {
  const { onDownload, signal, ...run } = options;
  const hub = { ...(onDownload && { onDownload }), ...(signal && { signal }) };
  const folder = await openModelFolder(await findModel(pathOrName, hub), hub);
  return new Embedder(embeddingModelOf(folder), run);
}

/** A folder's model, as the embedder takes it. Closing it closes the folder. */
export function embeddingModelOf(folder: ModelFolder): EmbeddingModel {
  const { path, polyvec, processor, lora, weights } = folder;
  let chat: Promise<ChatTemplate | undefined> | undefined;
  return {
    name: path,
    polyvec,
    processor,
    lora,
    readWeight: (name) => weights.read(name),
    locateWeight: (name) => weights.locate(name),
    quantizedWeight: (name) => weights.quantized(name),
    chatTemplate: () => (chat ??= openChatTemplate(folder)),
    fingerprint: () => fingerprintModel(folder),
    close: () => folder.close(),
  };
}

/** Templates, and the library for them, are loaded only where a chat is embedded. */
async function openChatTemplate({ path, basePath }: ModelFolder): Promise<ChatTemplate | undefined> {
  const source = await readChatTemplate([path, ...(basePath === undefined ? [] : [basePath])]);
  if (source === undefined) return undefined;
  const { ChatTemplate } = await import("../model/formats/chat-template.ts");
  return new ChatTemplate(source);
}

/** Where the models lie that ship with the package. */
const SHIPPED = fileURLToPath(new URL("../../models/", import.meta.url));

/**
 * The folder of a model: the path itself if there is something, else the model of that name that ships, else that of the hub.
 * @throws {FileError} if it is none of these. @throws {HubError} if the hub's cannot be had.
 */
export async function findModel(pathOrName: string = DEFAULT_MODEL, options: HubOptions = {}): Promise<string> {
  if (await isThere(pathOrName)) return pathOrName;
  const shipped = join(SHIPPED, pathOrName);
  const isName = /^[\w.-]+$/.test(pathOrName);
  if (isName && (await isThere(join(shipped, MODEL_FILES.config)))) return shipped;
  const id = parseHubId(pathOrName);
  if (id !== undefined) return findOnHub(pathOrName, id, options);
  const looked = isName ? `neither ${resolve(pathOrName)} nor ${shipped} is there` : `${resolve(pathOrName)} is not there`;
  const hint = pathOrName === DEFAULT_MODEL ? "" : `, or leave it out for ${DEFAULT_MODEL}`;
  const message = `there is no model ${pathOrName}: ${looked}; give a model folder, or a model of the hub as org/name${hint}`;
  throw new FileError({ message, details: { file: pathOrName, errno: "ENOENT" } });
}

async function findOnHub(name: string, id: HubId, options: HubOptions): Promise<string> {
  try {
    return await fetchHubModel(id, options);
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    const message = `there is no folder ${resolve(name)}, and Polyvec ${error.message}`;
    throw new HubError({ message, details: error.details, cause: error });
  }
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
