import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadModel } from "../../src/embed/load-model.ts";
import { GraphBuilder } from "../../src/engine/graph/graph-builder.ts";
import { GraphSession } from "../../src/engine/runtime/graph-session.ts";
import { expectFloat } from "../../src/engine/tensor/tensor.ts";
import { present } from "../../src/errors/families.ts";
import { aggregationWeights } from "../../src/eval/explain/aggregation-weights.ts";
import { openModelFolder } from "../../src/model/folder/open-model-folder.ts";
import { saveModelFolder } from "../../src/model/folder/save-model-folder.ts";
import { encodeBatch } from "../../src/model/multimodal/model.ts";
import { modelInputs } from "../../src/model/multimodal/model-inputs.ts";
import { visionModeOf } from "../../src/model/multimodal/token-batch.ts";
import { Parameters } from "../../src/model/nn/parameter-source.ts";
import { RandomStream } from "../../src/random/random-stream.ts";
import { tinyModel, TINY_PATHS } from "../support/tiny-model.ts";

const WIDTH = 32;
const INPUTS = [{ text: "a happy cat" }, { text: "a sad dog and many cats" }];

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "polyvec-gate-"));
  const model = tinyModel();
  const random = new RandomStream("gate");
  const weights = new Map(model.weights);
  for (const [name, tensor] of weights) {
    if (name.startsWith("paths.")) weights.set(name, { ...tensor, data: tensor.data.map((value) => value + 0.3 * random.normal()) });
  }
  await saveModelFolder(join(folder, "model"), { ...model, weights });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("weights found from the vectors are those that the model's gate gives", async () => {
  const path = join(folder, "model");
  const expected = await gateWeights(path);
  await using model = await loadModel(path, { threads: 1 });
  const set = await model.embedSet(INPUTS);
  for (const [item, weights] of expected.entries()) {
    expect(Math.max(...weights) - Math.min(...weights)).toBeGreaterThan(0.05); // no plain mean
    const found = aggregationWeights(set, item);
    weights.forEach((weight, place) => expect(found?.[place]).toBeCloseTo(weight, 4));
  }
});

/** `softmax(W₂·silu(W₁·concat(paths) + b))`, worked out from the weights and the model's paths before they are brought to unit length. */
async function gateWeights(path: string): Promise<number[][]> {
  const model = await openModelFolder(path);
  try {
    const { processor, weights } = model;
    const batch = await processor.processBatch(INPUTS);
    const options = { backbone: processor.backbone, paths: TINY_PATHS, vision: visionModeOf(batch) };
    const parameters = new Parameters(new GraphBuilder(), {});
    const graph = parameters.builder.finish({ paths: encodeBatch(parameters, options).paths });
    const tensors = await Promise.all([...parameters.shapes.keys()].map(async (name) => [name, await weights.read(name)] as const));
    const inputs = { ...modelInputs(processor.backbone, TINY_PATHS, batch), ...Object.fromEntries(tensors) };
    await using session = await GraphSession.create(graph, { threads: 1 });
    const known = Object.fromEntries(Object.entries(inputs).filter(([name]) => graph.inputs.has(name)));
    const { data } = expectFloat(present((await session.run(known))["paths"], "paths"));
    const [first, bias, second] = await Promise.all(["0.weight", "0.bias", "2.weight"].map(async (name) => (await weights.read(`paths.gate.${name}`)).data)); // prettier-ignore
    const size = TINY_PATHS.count * WIDTH;
    return INPUTS.map((_, item) => {
      const hidden = Array.from({ length: WIDTH }, (__, row) => {
        let sum = bias?.[row] ?? 0;
        for (let at = 0; at < size; at++) sum += (first?.[row * size + at] ?? 0) * (data[item * size + at] ?? 0);
        return sum / (1 + Math.exp(-sum));
      });
      const powers = Array.from({ length: TINY_PATHS.count }, (__, row) =>
        Math.exp(hidden.reduce((sum, value, at) => sum + value * (second?.[row * WIDTH + at] ?? 0), 0)),
      );
      const total = powers.reduce((sum, value) => sum + value, 0);
      return powers.map((value) => value / total);
    });
  } finally {
    await model.close();
  }
}
