import { join } from "node:path";
import type { Embedder } from "../../embed/embedder.ts";
import { ConfigError } from "../../errors/families.ts";
import { MODEL_FILES } from "../../model/folder/model-files.ts";
import { saveIndex } from "../../search/index-folder.ts";
import { readEmojiIndex, writeListing, type EmojiIndex } from "./emoji-index.ts";
import { fitsInstalled } from "./emoji-packages.ts";

/** The emoji that a model ships with, if they were embedded by this very model and drawn by the packages that are installed, if any are. */
export async function openShippedEmoji(model: Embedder): Promise<EmojiIndex | undefined> {
  const fingerprint = await model.fingerprint();
  if (fingerprint === undefined) return undefined;
  const shipped = await readEmojiIndex(shippedFolder(model));
  const fits = shipped?.metadata["model"] === fingerprint && (await fitsInstalled(shipped.listing.packages));
  return fits ? shipped : undefined;
}

/**
 * Stores emoji in the folder of the model that embedded them, as int8 and with the model's fingerprint. @returns where.
 * @throws {ConfigError} if the model has no folder. @throws {FileError} if it cannot be written.
 */
export async function shipEmoji(model: Embedder, { index, listing }: EmojiIndex): Promise<string> {
  const fingerprint = await model.fingerprint();
  if (fingerprint === undefined) {
    const message = `the model ${model.name} has no folder that vectors could ship in; save it and load it from there`;
    throw new ConfigError({ message, details: { field: "model", got: model.name, expected: "a model folder" } });
  }
  const folder = shippedFolder(model);
  await writeListing(folder, listing);
  await saveIndex(folder, index, { model: fingerprint }, { dtype: "int8" });
  return folder;
}

function shippedFolder({ name }: Embedder): string {
  return join(name, MODEL_FILES.search);
}
