import { describe, expect, test } from "vitest";
import { floatTensor, type FloatTensor } from "../engine/tensor/tensor.ts";
import { makeOptimizer } from "./make-optimizer.ts";
import type { RecipeOptimizer } from "./recipe/recipe-types.ts";

const OPTIONS: RecipeOptimizer = {
  kind: "adamw",
  learningRate: 0.1,
  adamShare: 0.5,
  weightDecay: 0.2,
  betas: [0.9, 0.99],
  warmUpSteps: 0,
  decay: "constant",
  clipNorm: 1,
  pathLearningRateMultiplier: 3,
};

/** How far each weight of ones is moved by a first step whose gradients are all 1. */
async function moves(options: RecipeOptimizer, names: Readonly<Record<string, readonly number[]>>): Promise<Record<string, number>> {
  const ones = (): Map<string, FloatTensor> =>
    new Map(
      Object.entries(names).map(([name, shape]) => [
        name,
        floatTensor(
          shape,
          Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 1),
        ),
      ]),
    );
  const weights = ones();
  const optimizer = makeOptimizer(options, 1);
  await optimizer.step(weights, ones(), options.learningRate);
  await optimizer.dispose();
  return Object.fromEntries([...weights].map(([name, { data }]) => [name, 1 - (data[0] ?? 0)]));
}

/** A first Adam step is the learning rate, whatever the gradient; decay takes its share of a weight of 1. */
describe("AdamW", () => {
  test("moves paths faster, and takes nothing from paths, norms, biases and embeddings", async () => {
    const moved = await moves(OPTIONS, {
      "model.layers.0.mlp.up_proj.weight": [2, 2],
      "paths.layers.0.prefix_keys": [2, 2],
      "paths.gate.0.weight": [2, 2],
      "model.norm.weight": [2],
      "model.layers.0.self_attn.q_proj.bias": [2],
      "model.embed_tokens.weight": [2, 2],
    });
    expect(moved["model.layers.0.mlp.up_proj.weight"]).toBeCloseTo(0.1 + 0.1 * 0.2, 5);
    expect(moved["paths.layers.0.prefix_keys"]).toBeCloseTo(0.3, 5);
    expect(moved["paths.gate.0.weight"]).toBeCloseTo(0.3, 5);
    expect(moved["model.norm.weight"]).toBeCloseTo(0.1, 5);
    expect(moved["model.layers.0.self_attn.q_proj.bias"]).toBeCloseTo(0.1, 5);
    expect(moved["model.embed_tokens.weight"]).toBeCloseTo(0.1, 5);
  });
});

test("Muon takes the layers' matrices; AdamW the rest, at its share of the rate", async () => {
  const options: RecipeOptimizer = { ...OPTIONS, kind: "muon", weightDecay: 0 };
  const moved = await moves(options, {
    "model.layers.0.mlp.up_proj.weight": [2, 2],
    "model.norm.weight": [2],
    "paths.gate.0.weight": [2, 2],
  });
  expect(moved["model.norm.weight"]).toBeCloseTo(0.05, 5);
  expect(moved["paths.gate.0.weight"]).toBeCloseTo(0.15, 5);
  const orthogonal = moved["model.layers.0.mlp.up_proj.weight"] ?? 0; // of a matrix of ones: all singular value but one 0, that one about 1
  expect(orthogonal).toBeGreaterThan(0.1 * 0.5 * 0.6);
  expect(orthogonal).toBeLessThan(0.1 * 0.5 * 1.4);
});
