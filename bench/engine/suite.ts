import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { env } from "node:process";
import { writeSafetensors } from "../../src/model/formats/safetensors.ts";
import type { FloatTensor } from "../../src/engine/tensor/tensor.ts";
import type { BenchSuite } from "../suite.ts";
import { blockSection, type TorchSide } from "./block-section.ts";
import { BLOCK_SIZES, EPSILON } from "./block-sizes.ts";
import { blockTensors } from "./block-tensors.ts";
import { productSection } from "./product-section.ts";
import { recomputeSection } from "./recompute-section.ts";
import { TorchProcess } from "./torch-process.ts";

export const suite: BenchSuite = {
  summary: "the compiler on ONNX Runtime: matrix products, a decoder block (beside PyTorch if POLYVEC_PYTHON is set), recomputation",
  async run(context) {
    const threads = availableParallelism();
    const tensors = blockTensors(BLOCK_SIZES, 1);
    const sections = await withTorch({ threads, tensors }, async (torch) => [
      await productSection({ threads, torch: torch?.process }, context),
      await blockSection({ threads, tensors, torch }, context),
    ]);
    return [...sections, await recomputeSection(threads, context)];
  },
};

/** Starts PyTorch for as long as `use` runs, if `POLYVEC_PYTHON` says where it is. It reads what Polyvec computes with from a file. */
async function withTorch<T>(
  { threads, tensors }: { readonly threads: number; readonly tensors: ReadonlyMap<string, FloatTensor> },
  use: (torch: TorchSide | undefined) => Promise<T>,
): Promise<T> {
  const python = env["POLYVEC_PYTHON"];
  if (python === undefined || python === "") return use(undefined);
  const folder = await mkdtemp(join(tmpdir(), "polyvec-bench-"));
  try {
    const file = join(folder, "block.safetensors");
    await writeSafetensors(file, tensors);
    const { heads, keyValueHeads } = BLOCK_SIZES;
    const start = (): TorchProcess => new TorchProcess(python, { threads, heads, keyValueHeads, epsilon: EPSILON, tensors: file });
    await using process = start();
    return await use({ start, process, folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
