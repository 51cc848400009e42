import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import { intTensor, type Tensor } from "../../src/engine/tensor/tensor.ts";
import { present } from "../../src/errors/families.ts";
import { openModelFolder } from "../../src/model/folder/open-model-folder.ts";
import { writeSafetensors } from "../../src/model/formats/safetensors.ts";
import { benchInput } from "./bench-input.ts";
import type { Scratch } from "./scratch-folder.ts";

/** What PyTorch took for the same input. */
export interface TorchTimes {
  readonly openMs: number;
  readonly firstMs: number;
  readonly times: readonly number[];
  /** Bytes resident at the highest point; null where it cannot be known. */
  readonly peak: number | null;
  readonly embedding: readonly number[];
  readonly torch: string;
  readonly transformers: string;
}

const timesSchema: z.ZodType<TorchTimes> = z.object({
  openMs: z.number(),
  firstMs: z.number(),
  times: z.array(z.number()),
  peak: z.number().nullable(),
  embedding: z.array(z.number()),
  torch: z.string(),
  transformers: z.string(),
});
const answerSchema: z.ZodType<TorchTimes | { readonly missing: string }> = z.union([timesSchema, z.object({ missing: z.string() })]);

/** What PyTorch is asked for. */
export interface TorchRequest {
  /** A Python with torch and transformers. */
  readonly python: string;
  readonly folder: string;
  readonly dtype: "float32" | "bfloat16";
  readonly rounds: number;
  readonly threads: number;
}

const SCRIPT = fileURLToPath(new URL("../../tools/reference/bench_backbone_torch.py", import.meta.url));

/** Embeds the input with transformers' model of a checkpoint. @returns why it cannot be, if it cannot. */
export async function embedWithTorch(request: TorchRequest, scratch: Scratch): Promise<TorchTimes | { readonly missing: string }> {
  const { python, ...options } = request;
  const inputs = join(scratch.folder, "torch-inputs.safetensors");
  await writeSafetensors(inputs, await torchInputs(request.folder));
  const { stdout } = await promisify(execFile)(python, [SCRIPT, JSON.stringify({ ...options, inputs })], {
    maxBuffer: 2 ** 26,
    signal: scratch.signal,
  });
  return answerSchema.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
}

/** The tokens and patches that Polyvec makes of the input. */
async function torchInputs(folder: string): Promise<Map<string, Tensor>> {
  await using model = await openModelFolder(folder);
  const { inputIds, images } = await model.processor.processBatch([benchInput()]);
  const pixels = present(images?.inputs["pixelValues"], "the picture's patches");
  const width = pixels.shape.at(-1) ?? 1;
  const patches = pixels.data.length / width;
  const side = Math.sqrt(patches);
  return new Map<string, Tensor>([
    ["inputIds", inputIds],
    ["pixelValues", { ...pixels, shape: [patches, width] }],
    ["grid", intTensor([1, 3], [1, side, side])],
  ]);
}
