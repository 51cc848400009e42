/** A process of its own: takes training steps on a checkpoint, with LoRA and paths through GradCache, and prints what they took, as JSON. */
import { StepCosts } from "../../src/cli/planning/step-costs.ts";
import { present } from "../../src/errors/families.ts";
import type { ContrastiveBatch } from "../../src/train/batch-source.ts";
import { countParameters } from "../../src/train/count-parameters.ts";
import { prepareModel, trainableModel } from "../../src/train/prepare-model.ts";
import { parseRecipe } from "../../src/train/recipe/recipe.ts";
import { allShapes } from "../../src/train/frozen-weights.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { benchInput } from "./bench-input.ts";
import { processMemory } from "./process-memory.ts";
import type { TrainRequest, TrainTimes } from "./processes.ts";
import { Yardstick } from "./yardstick.ts";

const { folder, steps, pairs, threads } = JSON.parse(present(process.argv[2], "what to run")) as TrainRequest;
const targetModules = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
const recipe = parseRecipe(
  {
    name: "a step on a large backbone",
    model: {
      base: "checkpoint",
      paths: { count: 4, prefixLength: 16, prefixScale: 1 },
      lora: { rank: 16, alpha: 32, targetModules },
      maxTokens: 2048,
    },
    data: { kind: "emoji-tasks", batchSize: pairs },
    objective: { regulariser: { kind: "orthogonality" } },
    optimizer: { learningRate: 1e-5 },
    steps,
    chunkSize: 1,
    recompute: true,
  },
  { file: "bench/backbones" },
);
const batch: ContrastiveBatch = {
  kind: "contrastive",
  task: "image-to-text",
  queries: Array.from({ length: pairs }, (_, pair) => benchInput(pair)),
  targets: Array.from({ length: pairs }, (_, pair) => ({ text: String(pair % 10).repeat(40) })),
  targetKeys: Array.from({ length: pairs }, (_, pair) => `thing ${pair}`),
};

const start = performance.now();
const prepared = await prepareModel(recipe, { baseFolder: folder, texts: () => [] });
const model = trainableModel(recipe, prepared);
const openMs = performance.now() - start;
const times: number[] = [];
{
  await using trainer = await Trainer.create({ recipe, model, source: { batch: () => batch }, threads });
  for (let step = 0; step < steps; step++) {
    const begun = performance.now();
    await trainer.next();
    times.push(performance.now() - begun);
  }
}
const memory = processMemory();
await using yardstick = await Yardstick.open(threads);
await yardstick.measure(10);
const result: TrainTimes = {
  openMs,
  times,
  memory,
  flops: (await new StepCosts({ recipe, model }).of(batch)).flops,
  parameters: countParameters(allShapes(model), recipe.model, model.backbone),
  peakFlops: yardstick.peak,
};
console.log(JSON.stringify(result));
