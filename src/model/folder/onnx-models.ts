import { basename, join } from "node:path";
import { lowerToBytes } from "../../engine/onnx/lower.ts";
import { present } from "../../errors/families.ts";
import { writeFileAtomic } from "../../files/atomic-write.ts";
import { embeddingGraph } from "../multimodal/model.ts";
import type { ParameterPlace } from "../nn/parameter-source.ts";
import { openModelFolder, type ModelFolder } from "./open-model-folder.ts";
import { placeWeight } from "./place-weights.ts";

/** The files that {@link writeOnnxModels} writes, and the batches each takes. */
export const ONNX_MODELS = { none: "embed-text.onnx", uniform: "embed-images.onnx" } as const;

/**
 * Writes a model folder's graphs as ONNX files beside its weights, which they refer to: for texts, and for batches with images of one size. Outputs
 * `paths` [B, N, D] and `aggregate` [B, D] of unit length. Any ONNX Runtime runs them.
 */
export async function writeOnnxModels(folder: string): Promise<void> {
  await using model = await openModelFolder(folder);
  const { backbone, polyvec, lora } = model;
  for (const vision of ["none", "uniform"] as const) {
    const options = { backbone, paths: polyvec.paths, vision, lora };
    const names = [...embeddingGraph(options).shapes.keys()];
    const places = new Map(await Promise.all(names.map(async (name) => [name, await placeOf(model, name)] as const)));
    const { graph } = embeddingGraph({ ...options, place: (name) => present(places.get(name), name) });
    await writeFileAtomic(join(folder, ONNX_MODELS[vision]), lowerToBytes(graph, { locate: (file) => basename(file) }));
  }
}

async function placeOf({ backbone, weights }: ModelFolder, name: string): Promise<ParameterPlace> {
  const place = await placeWeight(backbone, name, {
    locate: (weight) => weights.locate(weight),
    quantized: (weight) => weights.quantized(weight),
  });
  return place ?? { kind: "constant", tensor: await weights.read(name) };
}
