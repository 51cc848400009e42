/** A process of its own: opens a model folder, embeds a picture with a text again and again, and prints what that took, as JSON. */
import { bindInputs } from "../../src/engine/graph/bind-inputs.ts";
import { present } from "../../src/errors/families.ts";
import { loadModel } from "../../src/embed/load-model.ts";
import { countFlops } from "../../src/eval/benchmark/count-flops.ts";
import type { EmbeddingInput } from "../../src/inputs/embedding-input.ts";
import { openModelFolder } from "../../src/model/folder/open-model-folder.ts";
import { modelInputs } from "../../src/model/multimodal/model-inputs.ts";
import { embeddingGraph } from "../../src/model/multimodal/model.ts";
import { visionModeOf } from "../../src/model/multimodal/token-batch.ts";
import { benchInput } from "./bench-input.ts";
import { processMemory } from "./process-memory.ts";
import type { EmbedRequest, EmbedTimes } from "./processes.ts";
import { Yardstick } from "./yardstick.ts";

/** Floating-point operations of the matrix products for an input, and its tokens. */
async function costOf(folder: string, input: EmbeddingInput): Promise<{ readonly flops: number; readonly tokens: number }> {
  await using model = await openModelFolder(folder);
  const { backbone, polyvec } = model;
  const batch = await model.processor.processBatch([input]);
  const { graph } = embeddingGraph({ backbone, paths: polyvec.paths, vision: visionModeOf(batch) });
  const tensors = modelInputs(backbone, polyvec.paths, batch);
  const known = [...graph.inputs].filter(([name]) => Object.hasOwn(tensors, name));
  return { flops: countFlops(graph, bindInputs({ inputs: new Map(known) }, tensors)), tokens: batch.lengths[0] ?? 0 };
}

const { folder, prepacking, rounds, threads } = JSON.parse(present(process.argv[2], "what to run")) as EmbedRequest;
const input = benchInput();
const start = performance.now();
const model = await loadModel(folder, { threads, prepacking });
const opened = performance.now();
const [first] = await model.embed([input]);
const ready = performance.now();
await model.embed([input]);
const memory = processMemory();

await using yardstick = await Yardstick.open(threads);
const times: number[] = [];
for (let round = 0; round < rounds; round++) {
  await yardstick.measure();
  const begun = performance.now();
  await model.embed([input]);
  times.push(performance.now() - begun);
}
await yardstick.measure();
await model.dispose();
const result: EmbedTimes = {
  openMs: opened - start,
  firstMs: ready - opened,
  times,
  memory,
  ...(await costOf(folder, input)),
  peakFlops: yardstick.peak,
  embedding: [...present(first, "an embedding").aggregate],
};
console.log(JSON.stringify(result));
