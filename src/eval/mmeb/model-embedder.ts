import type { Embedder } from "../../embed/embedder.ts";
import { IMAGE_PLACEHOLDER, type ModelInput } from "../../inputs/embedding-input.ts";
import type { ItemEmbedder, LoadedItem } from "./item-embedder.ts";
import type { PromptStyle } from "./mmeb-item.ts";

/** How a model is evaluated. */
export interface ModelEmbedderOptions {
  /** `reference`: prompts by the reference's rules; `model`: instruction, text and image as the model's own template lays them out. */
  readonly style: Exclude<PromptStyle, "everything">;
  /** Inputs that the model takes at a time. */
  readonly batchSize?: number | undefined;
  /** What else changes the vectors, such as the device and dtype the model was loaded for. */
  readonly conditions?: Readonly<Record<string, string | number | boolean>>;
}

/** A model as an embedder of MMEB's items, with all its paths. */
export async function modelEmbedder(model: Embedder, { style, batchSize, conditions = {} }: ModelEmbedderOptions): Promise<ItemEmbedder> {
  const fingerprint = await model.fingerprint();
  return {
    name: model.name,
    style,
    identity: fingerprint === undefined ? undefined : { name: model.name, fingerprint, options: conditions },
    embed: (items, { signal }) => model.embedEach(inputsOf(items, style), { signal, ...(batchSize !== undefined && { batchSize }) }),
  };
}

async function* inputsOf(items: AsyncIterable<LoadedItem>, style: PromptStyle): AsyncGenerator<ModelInput> {
  for await (const loaded of items) yield toModelInput(loaded, style);
}

/** An item as a model takes it. */
export function toModelInput({ item: { prompt, instruction, text }, bytes }: LoadedItem, style: PromptStyle): ModelInput {
  if (style === "reference") return { prompt, imagePlaceholder: IMAGE_PLACEHOLDER, images: bytes === undefined ? [] : [bytes] };
  return {
    ...(instruction !== "" && { instruction }),
    ...(text !== "" && { text }),
    ...(bytes !== undefined && { image: bytes }),
  };
}
