import type { IntTensor } from "../../../src/engine/tensor/tensor.ts";
import { readJsonFile } from "../../../src/files/json-file.ts";
import type { Backbone } from "../../../src/model/multimodal/backbone.ts";
import type { ImageBatch } from "../../../src/model/multimodal/patches/image-tensors.ts";
import type { PatchGrid } from "../../../src/model/multimodal/patches/patch-grid.ts";
import type { PatchModelConfig } from "../../../src/model/multimodal/patches/patch-model-config.ts";
import type { ImageTensors, TokenBatch } from "../../../src/model/multimodal/token-batch.ts";
import { readReference, type ReferenceModel, type StoredReference } from "./reference-model.ts";

/** What the models with patches in merge blocks were run on: see tools/reference/common/qwen_vl.py. */
export const PATCH_CASES = ["text", "image", "uniform", "mixed"] as const;

export type PatchCase = (typeof PATCH_CASES)[number];

/** The cases with images. */
export const PATCH_IMAGE_CASES = ["image", "uniform", "mixed"] as const;

/** A tiny model with patches in merge blocks. */
export interface PatchReferenceModel<Config extends PatchModelConfig = PatchModelConfig> extends ReferenceModel<PatchCase> {
  readonly config: Config;
  /** Patches of the images of a case. */
  grids(name: PatchCase): readonly PatchGrid[];
}

/** A kind of model. */
export interface PatchReferenceKind<Config extends PatchModelConfig> {
  parse(value: unknown, source: { readonly file: string }): Config;
  backbone(config: Config): Backbone;
  imageTensors(config: Config, batch: ImageBatch): ImageTensors | undefined;
}

/** Reads one of the tiny models. */
export async function readPatchReference<Config extends PatchModelConfig>(
  folder: string,
  kind: PatchReferenceKind<Config>,
): Promise<PatchReferenceModel<Config>> {
  const file = `${folder}/config.json`;
  const config = kind.parse(await readJsonFile(file), { file });
  const reference = await readReference(folder, kind.backbone(config));
  const grids = (name: PatchCase): PatchGrid[] => gridsOf(reference, name);
  return {
    ...reference,
    config,
    grids,
    batch(name) {
      const pixels = `inputs.${name}.pixel_values`;
      const text = textOf(reference, name);
      if (!reference.has(pixels)) return text;
      return { ...text, images: kind.imageTensors(config, { pixelValues: reference.expected(pixels), grids: grids(name) }) };
    },
  };
}

function textOf(reference: StoredReference, name: PatchCase): TokenBatch {
  const integers = (part: string): IntTensor => reference.integers(`inputs.${name}.${part}`);
  return { inputIds: integers("input_ids"), lengths: integers("lengths").data, positionIds: integers("position_ids") };
}

function gridsOf(reference: StoredReference, name: PatchCase): PatchGrid[] {
  const grids = `inputs.${name}.grids`;
  if (!reference.has(grids)) return [];
  const { data, shape } = reference.integers(grids);
  return Array.from({ length: shape[0] as number }, (_, at) => ({ rows: data[2 * at] as number, columns: data[2 * at + 1] as number }));
}
