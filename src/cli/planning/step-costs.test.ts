import { expect, test } from "vitest";
import { tinyBatchOf, tinyInputs, tinyLanguageBatch, tinyTrainable } from "../../../test/support/training/tiny-trainable.ts";
import { tinyRecipe, type TinyRecipeFields } from "../../../test/support/training/tiny-run.ts";
import { TINY_PATHS } from "../../../test/support/tiny-model.ts";
import type { ContrastiveBatch, TrainingBatch } from "../../train/batch-source.ts";
import { SINGLE_PATH } from "../../model/paths/path-config.ts";
import { bindInputs } from "../../engine/graph/bind-inputs.ts";
import type { Graph } from "../../engine/graph/graph-builder.ts";
import { countFlops } from "../../eval/benchmark/count-flops.ts";
import { embeddingGraph } from "../../model/multimodal/model.ts";
import { modelInputs } from "../../model/multimodal/model-inputs.ts";
import { present } from "../../errors/families.ts";
import { makeEstimator } from "../../train/make-estimator.ts";
import { outlineModel } from "../../train/prepare-model.ts";
import { planTraining, type TrainingPlan } from "./plan-training.ts";
import { StepCosts, type StepCost } from "./step-costs.ts";

const model = tinyTrainable(TINY_PATHS);
const { backbone } = model;
const config = backbone.decoder;

function flops(fields: TinyRecipeFields = {}, of: typeof model = model): { of(batch: TrainingBatch): Promise<number> } {
  const costs = new StepCosts({ recipe: tinyRecipe(fields), model: of });
  return { of: async (batch) => (await costs.of(batch)).flops };
}

/** Multiplications and additions of text through the layers: q, k, v, o, the three of the MLP, and attention's two. */
function layersForward(rows: number, tokens: number): number {
  const { layerCount, hiddenSize: wide, intermediateSize, keyValueHeadCount, headDimension } = config;
  const linear = 2 * wide * wide + 2 * wide * keyValueHeadCount * headDimension + 3 * wide * intermediateSize;
  return 2 * layerCount * rows * tokens * (linear + 2 * tokens * wide);
}

const captions = tinyLanguageBatch("text", 5);
const tokensOf = await model.processor.languageBatch(captions.examples);
const [rows, tokens] = tokensOf.batch.inputIds.shape as [number, number];
const vocabulary = 2 * tokensOf.answerIds.data.length * config.vocabSize * config.hiddenSize;

test("captions: every product forward, and twice as much backward", async () => {
  expect(await flops().of(captions)).toBe(3 * (layersForward(rows, tokens) + vocabulary));
});

test("recomputation: the layers once more, but for what the backward pass does not look at", async () => {
  const downProjections = 2 * config.layerCount * rows * tokens * config.intermediateSize * config.hiddenSize;
  const expected = 4 * layersForward(rows, tokens) - downProjections + 3 * vocabulary;
  expect(await flops({ recompute: true }).of(captions)).toBe(expected);
});

test("captions in chunks cost what their chunks cost", async () => {
  const chunks = [captions.examples.slice(0, 2), captions.examples.slice(2, 4), captions.examples.slice(4)];
  const each = await Promise.all(chunks.map((examples) => flops().of({ ...captions, examples })));
  expect(await flops({ chunkSize: 2 }).of(captions)).toBe(each.reduce((sum, value) => sum + value));
  expect(await flops({ chunkSize: 5 }).of(captions)).toBe(await flops().of(captions));
});

test.each([
  ["several paths", model],
  ["one path", tinyTrainable(SINGLE_PATH)],
])("GradCache, %s: one forward pass of everything more than the whole batch at once", async (_, of) => {
  // eight pictures a side, all alike in size, so that chunks of four hold the same tokens
  const pictures = (seed: number) => tinyInputs("image", 8, seed).map(({ image }) => ({ image: image as NonNullable<typeof image> }));
  const batch: ContrastiveBatch = {
    ...tinyBatchOf("image", "image", { count: 8, hardNegatives: 0 }),
    queries: pictures(1),
    targets: pictures(2),
  };
  const [whole, cached] = [await flops({}, of).of(batch), await flops({ chunkSize: 4 }, of).of(batch)];
  const { graph } = embeddingGraph({ ...of, vision: "uniform" });
  const side = modelInputs(of.backbone, of.paths, await of.processor.embeddingBatch(batch.queries));
  expect(cached - whole).toBe(2 * countFlops(graph, bindInputs(withoutWeights(graph), side)));
});

test("chunks of sizes of their own: the memory of the larger side, and no more", async () => {
  const batch = { ...tinyBatchOf("text", "text", { count: 8, hardNegatives: 0 }), queries: alike(8), targets: alike(8) };
  const cost = (chunkSize: unknown): Promise<StepCost> => new StepCosts({ recipe: tinyRecipe({ chunkSize }), model }).of(batch);
  const held = ({ held: bytes }: StepCost): number[] => [...bytes.values()];
  expect(held(await cost({ queries: 1, targets: 4 }))).toEqual(held(await cost(4)));
  expect(held(await cost({ queries: 4, targets: 1 }))).toEqual(held(await cost(4)));
  expect((await cost({ queries: 2, targets: 4 })).flops).toBe((await cost(4)).flops);
});

/** The same text so many times: rows of the same length. */
function alike(count: number): ContrastiveBatch["queries"] {
  return Array.from({ length: count }, () => ({ text: "a happy cat" }));
}

test("vCLUB: the value in the loss, and the estimator's own steps and what they learn", async () => {
  const batch = tinyBatchOf("text", "text", { count: 4, hardNegatives: 0 });
  const cost = (regulariser: object): Promise<StepCost> =>
    new StepCosts({ recipe: tinyRecipe({ objective: { regulariser } }), model }).of(batch);
  const [none, once, twice] = [
    await cost({ kind: "none" }),
    await cost({ kind: "vclub", hiddenWidth: 16, innerSteps: 1 }),
    await cost({ kind: "vclub", hiddenWidth: 16, innerSteps: 2 }),
  ];
  await using estimator = present(
    await makeEstimator({ recipe: tinyRecipe({ objective: { regulariser: { kind: "vclub", hiddenWidth: 16 } } }), model }),
    "one",
  );
  const numbers = [...estimator.parameters.values()].reduce((sum, { data }) => sum + data.length, 0);
  expect([none, once, twice].map(({ estimatorUpdates }) => estimatorUpdates)).toEqual([0, numbers, 2 * numbers]);
  expect(once.flops).toBeGreaterThan(none.flops);
  expect(twice.flops - once.flops).toBeGreaterThan(0.5 * (once.flops - none.flops));
  expect(twice.operations - once.operations).toBeGreaterThan(50);
});

test("products in 16 bits are as many, and what is kept of them is less", async () => {
  const batch = tinyBatchOf("text", "text", { count: 4, hardNegatives: 0 });
  const cost = (precision: string): Promise<StepCost> => new StepCosts({ recipe: tinyRecipe({ precision }), model }).of(batch);
  const [plain, mixed] = [await cost("float32"), await cost("bfloat16")];
  expect(mixed.flops).toBe(plain.flops);
  const bytes = ({ held }: StepCost): number => Math.max(...held.values());
  expect(bytes(mixed)).toBeLessThan(0.85 * bytes(plain));
});

function withoutWeights({ inputs }: Graph): Pick<Graph, "inputs"> {
  return { inputs: new Map([...inputs].filter(([name]) => !model.weights.has(name))) };
}

test("a plan is the mean over the batches that the recipe draws, times those of a step", async () => {
  const contrastive = tinyBatchOf("text", "image", { count: 6, hardNegatives: 0 });
  const recipe = tinyRecipe({
    model: { base: undefined, config: newConfig(), vocabularySize: 300, paths: { count: 2, prefixLength: 2 } },
    accumulation: 3,
  });
  const outline = await outlineModel(recipe, { baseFolder: undefined, texts: () => ["a happy cat", "a sad dog"] });
  const plan = (batch: (place: number) => TrainingBatch): Promise<TrainingPlan> => planTraining(recipe, outline, { source: { batch } });
  const { step, batches } = await plan((place) => (place % 4 === 0 ? captions : contrastive));
  const [onlyCaptions, onlyPairs] = [await plan(() => captions), await plan(() => contrastive)];
  expect(batches).toEqual({ drawn: 20, captions: 5 });
  expect(step.inputs).toBeCloseTo(3 * (0.25 * 5 + 0.75 * 12), 9);
  expect(onlyCaptions.step.flops).toBeGreaterThan(0);
  expect(step.flops / (0.25 * onlyCaptions.step.flops + 0.75 * onlyPairs.step.flops)).toBeCloseTo(1, 9);
});

/** A configuration as a recipe gives it. */
function newConfig(): Record<string, unknown> {
  return {
    model_type: "qwen2_vl",
    hidden_size: 32,
    intermediate_size: 48,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    rope_scaling: { type: "mrope", mrope_section: [2, 3, 3] },
    tie_word_embeddings: true,
    vision_config: { depth: 1, embed_dim: 16, num_heads: 2, mlp_ratio: 2, hidden_size: 32, patch_size: 4, spatial_merge_size: 2 },
  };
}
