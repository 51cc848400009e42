import type { Embedder } from "../../embed/embedder.ts";
import { nameInput } from "../../embed/prepare-input.ts";
import { IMAGE_PLACEHOLDER, type ModelInput } from "../../inputs/embedding-input.ts";
import { atResolution, type Resolution } from "./image-resolution.ts";
import type { ItemEmbedder, LoadedItem } from "./item-embedder.ts";
import type { PromptStyle } from "./mmeb-item.ts";

/** How items become a model's inputs. */
export interface InputOptions {
  /** `reference`: prompts by the reference's rules; `model`: instruction, text and image as the model's own template lays them out. */
  readonly style: Exclude<PromptStyle, "everything">;
  /** `native`, if not given. */
  readonly resolution?: Resolution | undefined;
}

/** How a model is evaluated. */
export interface ModelEmbedderOptions extends InputOptions {
  /** Inputs that the model takes at a time. */
  readonly batchSize?: number | undefined;
}

/** A model as an embedder of MMEB's items, with all its paths. */
export async function modelEmbedder(model: Embedder, { batchSize, ...options }: ModelEmbedderOptions): Promise<ItemEmbedder> {
  const { style, resolution = "native" } = options;
  const fingerprint = await model.fingerprint();
  const conditions = resolution === "native" ? {} : { resolution };
  return {
    name: model.name,
    style,
    identity: fingerprint === undefined ? undefined : { name: model.name, fingerprint, options: conditions },
    embed: (items, { signal }) => model.embedEach(inputsOf(items, options), { signal, ...(batchSize !== undefined && { batchSize }) }),
  };
}

/** Items that are made ready at a time. */
const AHEAD = 4;

async function* inputsOf(items: AsyncIterable<LoadedItem>, options: InputOptions): AsyncGenerator<ModelInput> {
  const waiting: Promise<ModelInput>[] = [];
  let index = 0;
  for await (const item of items) {
    const place = index++;
    const input = toModelInput(item, options).catch((error: unknown) => Promise.reject(nameInput(error, place)));
    input.catch(() => undefined); // told when its turn comes
    waiting.push(input);
    if (waiting.length === AHEAD) yield await (waiting.shift() as Promise<ModelInput>);
  }
  for (const input of waiting) yield await input;
}

/** An item as a model takes it. @throws {ProcessorError} if its image has to be resized and cannot be decoded. */
export async function toModelInput(
  { item: { prompt, instruction, text }, bytes }: LoadedItem,
  { style, resolution = "native" }: InputOptions,
): Promise<ModelInput> {
  const image = bytes === undefined ? undefined : await atResolution(bytes, resolution);
  if (style === "reference") return { prompt, imagePlaceholder: IMAGE_PLACEHOLDER, images: image === undefined ? [] : [image] };
  return {
    ...(instruction !== "" && { instruction }),
    ...(text !== "" && { text }),
    ...(image !== undefined && { image }),
  };
}
