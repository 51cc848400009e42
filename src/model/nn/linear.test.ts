import { expect, test } from "vitest";
import { runGraph } from "../../../test/fixtures/qwen2-vl/run-graph.ts";
import { GraphBuilder } from "../../engine/graph/graph-builder.ts";
import { floatTensor, type FloatTensor } from "../../engine/tensor/tensor.ts";
import { linear } from "./linear.ts";
import { mergeLora } from "./merge-lora.ts";
import { loraScale, Parameters, type LoraConfig } from "./parameter-source.ts";

const WEIGHTS: Readonly<Record<string, FloatTensor>> = {
  "a.q_proj.weight": floatTensor([2, 3], [1, 2, 3, 4, 5, 6]),
  "a.q_proj.bias": floatTensor([2], [10, 20]),
  "a.q_proj.lora_A.weight": floatTensor([1, 3], [1, 0, -1]),
  "a.q_proj.lora_B.weight": floatTensor([2, 1], [2, 3]),
};

async function run(bias: boolean, lora?: LoraConfig, weights = WEIGHTS): Promise<{ readonly y: number[]; readonly names: string[] }> {
  const parameters = new Parameters(new GraphBuilder(), { lora });
  const x = parameters.builder.constant(floatTensor([1, 1, 3], [1, 1, 2]));
  const graph = parameters.builder.finish({ y: linear(parameters, x, { name: "a.q_proj", inputs: 3, outputs: 2, bias }) });
  const { y } = await runGraph<"y">(graph, weights);
  return { y: Array.from(y.data), names: [...parameters.shapes.keys()].sort() };
}

test("x·Wᵀ + b", async () => {
  expect(await run(false)).toEqual({ y: [9, 21], names: ["a.q_proj.weight"] });
  expect(await run(true)).toEqual({ y: [19, 41], names: ["a.q_proj.bias", "a.q_proj.weight"] });
});

test("a low-rank update, scaled, on the layers it is for", async () => {
  const lora: LoraConfig = { rank: 1, alpha: 4, targetModules: ["q_proj"] };
  // A·x = -1, B·A·x = [-2, -3], times 4
  expect(await run(true, lora)).toEqual({ y: [11, 29], names: Object.keys(WEIGHTS).sort() });
  expect(await run(true, { ...lora, targetModules: ["proj", "a"] })).toEqual(await run(true));
});

test("the scale of an update", () => {
  const lora: LoraConfig = { rank: 16, alpha: 32, targetModules: [] };
  expect(loraScale(lora)).toBe(2);
  expect(loraScale({ ...lora, rankStabilized: true })).toBe(8);
});

test("merged into the weight it gives the same", async () => {
  const lora: LoraConfig = { rank: 1, alpha: 4, targetModules: ["q_proj"] };
  const [weight, down, up] = ["weight", "lora_A.weight", "lora_B.weight"].map((part) => WEIGHTS[`a.q_proj.${part}`] as FloatTensor);
  const merged = mergeLora(weight as FloatTensor, { down: down as FloatTensor, up: up as FloatTensor }, lora);
  expect(Array.from(merged.data)).toEqual([1 + 8, 2, 3 - 8, 4 + 12, 5, 6 - 12]);
  expect(await run(true, lora)).toMatchObject({ y: (await run(true, undefined, { ...WEIGHTS, "a.q_proj.weight": merged })).y });
});
