import type { Embedder } from "../../embed/embedder.ts";
import { IMAGE_PLACEHOLDER, type ModelInput } from "../../inputs/embedding-input.ts";
import { squareOf, type Resolution } from "./image-resolution.ts";
import type { ItemEmbedder, LoadableItem } from "./item-embedder.ts";
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

async function* inputsOf(items: AsyncIterable<LoadableItem>, options: InputOptions): AsyncGenerator<ModelInput> {
  for await (const item of items) yield toModelInput(item, options);
}

/** An item as a model takes it; its image is read and decoded when its turn comes. */
export function toModelInput({ item, read, place }: LoadableItem, { style, resolution = "native" }: InputOptions): ModelInput {
  const { prompt, instruction, text, image: name = "" } = item;
  const image = read === undefined ? undefined : { name, read, ...(place !== undefined && { place }), ...squareOf(resolution) };
  if (style === "reference") return { prompt, imagePlaceholder: IMAGE_PLACEHOLDER, images: image === undefined ? [] : [image] };
  return {
    ...(instruction !== "" && { instruction }),
    ...(text !== "" && { text }),
    ...(image !== undefined && { image }),
  };
}
