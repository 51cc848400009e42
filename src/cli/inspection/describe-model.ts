import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { sizeOf } from "../../engine/tensor/tensor.ts";
import { MODEL_FILES } from "../../model/folder/model-files.ts";
import type { ModelFolder } from "../../model/folder/open-model-folder.ts";
import { weightPart, type WeightPart } from "../../model/multimodal/weight-parts.ts";

/** A part of a model. */
export interface PartDescription {
  readonly part: "vision tower" | "token embeddings" | "decoder" | "paths" | "adapter";
  /** Numbers that are learnt. */
  readonly parameters: number;
  /** Bytes on disk. */
  readonly bytes: number;
  /** How they are stored. */
  readonly dtypes: readonly string[];
}

/** What a model folder holds. */
export interface ModelDescription {
  readonly path: string;
  readonly base: string | null;
  readonly backbone: string;
  readonly parameters: number;
  readonly parts: readonly PartDescription[];
  readonly decoder: { readonly layers: number; readonly width: number; readonly heads: number; readonly keyValueHeads: number };
  readonly vision: { readonly layers: number; readonly width: number; readonly patchSize: number; readonly maxPixels: number };
  readonly vocabulary: number;
  readonly maxTokens: number;
  readonly paths: ModelFolder["polyvec"]["paths"];
  readonly dimensions: number;
  readonly matryoshkaDimensions: readonly number[];
  readonly lora: ModelFolder["lora"] | null;
  readonly prompts: ModelFolder["processor"]["prompts"];
  readonly instructions: Readonly<Record<string, string>>;
  /** Tensors in the files that embedding does not need. */
  readonly unused: readonly string[];
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly provenance: Readonly<Record<string, unknown>>;
  /** The part of the model card about scores, Markdown. */
  readonly scores: string | null;
}

/** Tells what a model folder holds, from its configuration and the headers of its weights. */
export async function describeModel(folder: ModelFolder): Promise<ModelDescription> {
  const { path, basePath, backbone, polyvec, lora, weights, processor } = folder;
  const { decoder, vision } = backbone;
  const parts = describeParts(folder);
  return {
    path,
    base: basePath ?? null,
    backbone: backbone.modelType,
    parameters: parts.reduce((sum, part) => sum + part.parameters, 0),
    parts,
    decoder: { layers: decoder.layerCount, width: decoder.hiddenSize, heads: decoder.headCount, keyValueHeads: decoder.keyValueHeadCount },
    vision: {
      layers: vision.layerCount,
      width: vision.width,
      patchSize: vision.patchSize,
      maxPixels: processor.images.maxPixels,
    },
    vocabulary: decoder.vocabSize,
    maxTokens: polyvec.maxTokens ?? backbone.maxPositions,
    paths: polyvec.paths,
    dimensions: decoder.hiddenSize,
    matryoshkaDimensions: polyvec.matryoshkaDimensions,
    lora: lora ?? null,
    prompts: processor.prompts,
    instructions: polyvec.instructions,
    unused: weights.unused,
    files: await listFiles(path),
    provenance: polyvec.provenance,
    scores: await readScores(path),
  };
}

function describeParts({ weights, backbone }: ModelFolder): PartDescription[] {
  const parts = new Map<PartDescription["part"], { parameters: number; bytes: number; dtypes: Set<string> }>();
  for (const [name, shape] of weights.shapes) {
    const part = PART_NAMES[weightPart(backbone, name) ?? "decoder"];
    const sum = parts.get(part) ?? { parameters: 0, bytes: 0, dtypes: new Set() };
    sum.parameters += sizeOf(shape);
    sum.bytes += weights.storedBytes(name);
    sum.dtypes.add(weights.info(name).dtype);
    parts.set(part, sum);
  }
  return [...parts].map(([part, { parameters, bytes, dtypes }]) => ({ part, parameters, bytes, dtypes: [...dtypes].sort() }));
}

const PART_NAMES = {
  vision: "vision tower",
  embeddings: "token embeddings",
  decoder: "decoder",
  paths: "paths",
  adapters: "adapter",
} as const satisfies Readonly<Record<WeightPart, PartDescription["part"]>>;

async function listFiles(path: string): Promise<{ name: string; bytes: number }[]> {
  const names = (await readdir(path)).sort();
  const files = await Promise.all(names.map(async (name) => ({ name, place: await stat(join(path, name)) })));
  return files.filter(({ place }) => place.isFile()).map(({ name, place }) => ({ name, bytes: place.size }));
}

/** The section of the model card that has scores in its heading. */
async function readScores(path: string): Promise<string | null> {
  const card = await readFile(join(path, MODEL_FILES.card), "utf8").catch(() => "");
  const sections = card.split(/^(?=#{1,3} )/m);
  const scores = sections.find((section) => /^#+ .*\b(scores?|results?|evaluation)\b/i.test(section));
  return scores === undefined ? null : scores.trim();
}
