import { loadRuntime } from "../../src/engine/runtime/onnx-runtime.ts";
import { measurePeakMemory } from "../../src/engine/runtime/peak-memory.ts";
import { present } from "../../src/errors/families.ts";
import { BlockSession, type BlockRun } from "./block-session.ts";
import { blockTensors } from "./block-tensors.ts";

/** A process of its own: prints the bytes that weights, inputs and two runs (JSON on the command line) add to it at their peak. */
const run = JSON.parse(present(process.argv[2], "what to run")) as BlockRun;
await loadRuntime();
const { peakBytes } = await measurePeakMemory(async () => {
  await using session = await BlockSession.open(run, blockTensors(run.sizes, run.layers));
  await session.run();
  await session.run();
});
console.log(peakBytes);
