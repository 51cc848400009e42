import type { Tensor } from "../../src/engine/tensor/tensor.ts";
import { openSafetensors } from "../../src/model/formats/safetensors.ts";

/** All tensors of a file or folder. */
export async function readTensors(path: string): Promise<Record<string, Tensor>> {
  await using file = await openSafetensors(path);
  return Object.fromEntries(await Promise.all(file.names.map(async (name) => [name, await file.read(name)] as const)));
}
