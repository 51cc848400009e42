import { expect, test } from "vitest";
import { runGraph } from "../../../test/fixtures/qwen2-vl/run-graph.ts";
import { GraphBuilder } from "../../engine/graph/graph-builder.ts";
import { floatTensor, type FloatTensor } from "../../engine/tensor/tensor.ts";
import { linear } from "./linear.ts";
import { present } from "../../errors/families.ts";
import { initialMagnitudes, mergeLora, readMerged } from "./merge-lora.ts";
import { loraScale } from "./lora-layers.ts";
import { Parameters, type LoraConfig } from "./parameter-source.ts";

const WEIGHTS: Readonly<Record<string, FloatTensor>> = {
  "a.q_proj.weight": floatTensor([2, 3], [1, 2, 3, 4, 5, 6]),
  "a.q_proj.bias": floatTensor([2], [10, 20]),
  "a.q_proj.lora_A.weight": floatTensor([1, 3], [1, 0, -1]),
  "a.q_proj.lora_B.weight": floatTensor([2, 1], [2, 3]),
};
const MAGNITUDES = { "a.q_proj.lora_magnitude_vector": floatTensor([2], [14, 3]) };

async function run(
  bias: boolean,
  lora?: LoraConfig,
  weights: Readonly<Record<string, FloatTensor>> = WEIGHTS,
): Promise<{ readonly y: number[]; readonly names: string[] }> {
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
  const layer = { rank: 16, alpha: 32 };
  expect(loraScale({}, layer)).toBe(2);
  expect(loraScale({ rankStabilized: true }, layer)).toBe(8);
});

test("layers by name, each with its own rank and alpha, in place of last parts", async () => {
  const lora: LoraConfig = { rank: 9, alpha: 9, targetModules: [], layers: { "a.q_proj": { rank: 1, alpha: 4 } } };
  expect((await run(true, lora)).y).toEqual([11, 29]);
  expect(await run(true, { ...lora, targetModules: ["q_proj"], layers: {} })).toEqual(await run(true));
});

test("DoRA: magnitude times direction, then the bias", async () => {
  const lora: LoraConfig = { rank: 1, alpha: 1, targetModules: ["q_proj"], dora: true };
  const weights = { ...WEIGHTS, ...MAGNITUDES };
  // W + B·A = [[3, 2, 1], [7, 5, 3]], of norms sqrt(14) and sqrt(83); times x: [7, 18]
  const { y, names } = await run(true, lora, weights);
  expect(names).toEqual(Object.keys(weights).sort());
  expect(y[0]).toBeCloseTo(10 + (14 / Math.sqrt(14)) * 7, 4);
  expect(y[1]).toBeCloseTo(20 + (3 / Math.sqrt(83)) * 18, 4);
  const merged = await readMerged("a.q_proj.weight", lora, (name) => Promise.resolve(present(weights[name as keyof typeof weights], name)));
  const alone = await run(true, undefined, { ...WEIGHTS, "a.q_proj.weight": merged });
  alone.y.forEach((value, at) => expect(value).toBeCloseTo(y[at] as number, 4));
});

test("magnitudes begin at the norms of the rows, where they change nothing", async () => {
  const lora: LoraConfig = { rank: 1, alpha: 1, targetModules: ["q_proj"], dora: true };
  const weights = new Map<string, FloatTensor>(Object.entries({ ...WEIGHTS, ...MAGNITUDES }));
  const made = await initialMagnitudes(weights.keys(), lora, async (name) => present(weights.get(name), name));
  for (const [name, magnitudes] of made) weights.set(name, magnitudes);
  expect(Array.from(weights.get("a.q_proj.lora_magnitude_vector")?.data ?? [])).toEqual([
    Math.fround(Math.sqrt(14)),
    Math.fround(Math.sqrt(83)),
  ]);
  const { y } = await run(true, lora, Object.fromEntries(weights));
  const plain = await run(true, { ...lora, dora: false });
  y.forEach((value, at) => expect(value).toBeCloseTo(plain.y[at] as number, 4));
});

test("merged into the weight it gives the same", async () => {
  const lora: LoraConfig = { rank: 1, alpha: 4, targetModules: ["q_proj"] };
  const [weight, down, up] = ["weight", "lora_A.weight", "lora_B.weight"].map((part) => WEIGHTS[`a.q_proj.${part}`] as FloatTensor);
  const merged = mergeLora(weight as FloatTensor, { down: down as FloatTensor, up: up as FloatTensor }, 4);
  expect(Array.from(merged.data)).toEqual([1 + 8, 2, 3 - 8, 4 + 12, 5, 6 - 12]);
  expect(await run(true, lora)).toMatchObject({ y: (await run(true, undefined, { ...WEIGHTS, "a.q_proj.weight": merged })).y });
});
