import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/support/engine/expect-close.ts";
import { numericGradient } from "../../../test/support/engine/numeric-gradient.ts";
import { differentiate, gradientName } from "../../engine/autodiff/differentiate.ts";
import { addDimensions, multiplyDimensions, symbol } from "../../engine/graph/dimension.ts";
import { GraphBuilder, type Graph } from "../../engine/graph/graph-builder.ts";
import { mul, reduceSum, tile } from "../../engine/graph/operators.ts";
import { printGraph } from "../../engine/graph/print.ts";
import { denseOf } from "../../engine/graph/reference/dense.ts";
import { evaluateGraph } from "../../engine/graph/reference/evaluate.ts";
import { GraphSession } from "../../engine/runtime/graph-session.ts";
import { floatTensor, intTensor, zeros, type FloatTensor, type Tensor } from "../../engine/tensor/tensor.ts";
import { present } from "../../errors/families.ts";
import { RandomStream } from "../../random/random-stream.ts";
import { linear } from "./linear.ts";
import { LoraDropout } from "./lora-dropout.ts";
import { Parameters, withDropout, type LoraConfig, type ParameterSource } from "./parameter-source.ts";

const [batch, tokens] = [symbol("batch"), symbol("tokens")];
const WIDTH = 64;

/** Ones [B, T, W] with some left out, for the layers "a" and "b", and for two paths. */
function maskGraph(rate: number): Graph {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [batch, tokens, WIDTH]);
  const dropout = new LoraDropout(rate, { seeds: g.input("dropoutSeeds", "int32", [batch]), tokens });
  const images = g.input("images", "float32", [symbol("images"), 4, WIDTH]);
  return g.finish({
    a: dropout.drop(x, "a"),
    b: dropout.drop(x, "b"),
    paths: dropout.drop(tile(x, 0, 2), "a"),
    seen: dropout.drop(images, "a"),
  });
}

function maskInputs(seeds: readonly number[], length: number): Record<string, Tensor> {
  const ones = (...shape: [number, number, number]): FloatTensor =>
    floatTensor(shape, new Float32Array(shape[0] * shape[1] * shape[2]).fill(1));
  return { x: ones(seeds.length, length, WIDTH), images: ones(3, 4, WIDTH), dropoutSeeds: intTensor([seeds.length], [...seeds]) };
}

async function masks(rate: number, seeds: readonly number[], length: number): Promise<Record<"a" | "b" | "paths" | "seen", Float32Array>> {
  await using session = await GraphSession.create(maskGraph(rate), { threads: 1 });
  const results = await session.run(maskInputs(seeds, length));
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data])) as Record<
    "a" | "b" | "paths" | "seen",
    Float32Array
  >;
}

const mean = (values: Iterable<number>): number => {
  const all = [...values];
  return all.reduce((sum, value) => sum + value, 0) / all.length;
};

/** Of two lists of zeros and ones of mean `share`. */
function correlation(one: ArrayLike<number>, other: ArrayLike<number>, share: number): number {
  return mean(Array.from(one, (value, at) => (value - share) * ((other[at] as number) - share))) / (share * (1 - share));
}

const SEEDS = Array.from({ length: 8 }, (_, at) => new RandomStream("seeds", at).integer(2 ** 32) | 0);

describe("what is left out", () => {
  test("is what the reference says, to the bit: whole numbers wrap around alike", async () => {
    const expected = evaluateGraph(maskGraph(0.3), maskInputs(SEEDS.slice(0, 2), 3));
    const got = await masks(0.3, SEEDS.slice(0, 2), 3);
    for (const name of ["a", "b", "paths", "seen"] as const) expect(got[name]).toEqual(expected[name]?.data);
  });

  test.each([0.1, 0.5])("is a share of %f, everywhere alike", async (rate) => {
    const length = 40;
    const { a } = await masks(rate, SEEDS, length);
    const count = SEEDS.length * length;
    const deviation = (draws: number): number => Math.sqrt((rate * (1 - rate)) / draws);
    expect(Math.abs(1 - rate - mean(a))).toBeLessThan(4 * deviation(a.length));
    const ofColumn = (column: number): number => mean(Array.from({ length: count }, (_, row) => a[row * WIDTH + column] as number));
    const ofRow = (row: number): number => mean(a.subarray(row * WIDTH, (row + 1) * WIDTH));
    for (let column = 0; column < WIDTH; column++) expect(Math.abs(1 - rate - ofColumn(column))).toBeLessThan(5 * deviation(count));
    for (let row = 0; row < count; row++) expect(Math.abs(1 - rate - ofRow(row))).toBeLessThan(5.5 * deviation(WIDTH));
  });

  test("is unrelated between neighbours, tokens, inputs, layers, paths and pairs of them", async () => {
    const [rate, length] = [0.3, 40];
    const { a, b, paths } = await masks(rate, SEEDS, length);
    const shifted = (by: number): [Float32Array, Float32Array] => [a.subarray(by), a.subarray(0, a.length - by)];
    const products = (by: number): Float32Array => a.subarray(by).map((value, at) => (value === a[at] ? 1 : 0));
    const even = 1 - 2 * rate * (1 - rate);
    const found = {
      columns: correlation(...shifted(1), 1 - rate),
      tokens: correlation(...shifted(WIDTH), 1 - rate),
      "tokens, two apart": correlation(...shifted(2 * WIDTH), 1 - rate),
      inputs: correlation(...shifted(length * WIDTH), 1 - rate),
      layers: correlation(a, b, 1 - rate),
      paths: correlation(paths.subarray(0, a.length), paths.subarray(a.length), 1 - rate),
      // where two columns agree says nothing of where they do in the next token
      rectangles: correlation(products(1).subarray(WIDTH), products(1).subarray(0, a.length - 1 - WIDTH), even),
    };
    for (const [name, value] of Object.entries(found)) expect([name, Math.abs(value) < 4.5 / Math.sqrt(a.length)]).toEqual([name, true]);
    expect(paths.subarray(0, a.length)).toEqual(a);
  });

  test("depends on an input's number and on the token's place, not on the batch or its length", async () => {
    const whole = (await masks(0.2, SEEDS.slice(0, 3), 6)).a;
    const alone = (await masks(0.2, SEEDS.slice(1, 2), 4)).a;
    expect(alone).toEqual(whole.subarray(6 * WIDTH, 10 * WIDTH));
    expect((await masks(0.2, SEEDS.slice(2, 3), 4)).a).not.toEqual(alone);
  });
});

/** A linear layer with an adapter, and a loss of it. */
function layerGraph(lora: LoraConfig, isDropping: boolean): Graph {
  const g = new GraphBuilder();
  const plain = new Parameters(g, { lora });
  const x = g.input("x", "float32", [batch, 3, 6]);
  const seeds = g.input("dropoutSeeds", "int32", [batch]);
  const parameters: ParameterSource = isDropping
    ? withDropout(plain, new LoraDropout(present(lora.dropout, "a rate"), { seeds, tokens: 3 }))
    : plain;
  const y = linear(parameters, x, { name: "q_proj", inputs: 6, outputs: 4, bias: true });
  const dropped = isDropping ? parameters.dropout?.drop(x, "q_proj") : x;
  return g.finish({
    y,
    dropped: present(dropped, "the adapter's input"),
    loss: reduceSum(mul(y, g.input("cotangent", "float32", [batch, 3, 4])), [0, 1, 2]),
  });
}

const LORA: LoraConfig = { rank: 2, alpha: 4, targetModules: ["q_proj"], dropout: 0.4 };
const SHAPES = { "x": [2, 3, 6], "cotangent": [2, 3, 4], "q_proj.weight": [4, 6], "q_proj.bias": [4], "q_proj.lora_A.weight": [2, 6], "q_proj.lora_B.weight": [4, 2], "q_proj.lora_magnitude_vector": [4] } as const; // prettier-ignore
const INPUTS = {
  ...Object.fromEntries(Object.entries(SHAPES).map(([name, shape]) => [name, floatTensor(shape, new RandomStream("layer", name).normals(shape.reduce<number>((a, b) => a * b, 1)))])), // prettier-ignore
  dropoutSeeds: intTensor([2], [SEEDS[0] as number, SEEDS[1] as number]),
} as Record<string, Tensor>;

describe("a layer", () => {
  test("gradients are those of central differences, the mask fixed", () => {
    const graph = layerGraph(LORA, true);
    const wanted = ["x", "q_proj.lora_A.weight", "q_proj.lora_B.weight"];
    const dense = Object.fromEntries(Object.entries(INPUTS).map(([name, tensor]) => [name, denseOf(tensor)]));
    const exact = evaluateGraph(differentiate(graph, { losses: ["loss"], inputs: wanted }), INPUTS);
    for (const name of wanted) expectClose(denseOf(present(exact[gradientName(name)], name)), numericGradient(graph, dense, name), 1e-6);
  });

  test.each([
    ["LoRA", LORA],
    ["DoRA", { ...LORA, dora: true }],
  ])("of %s adds what PEFT adds to the same inputs left out", (_, lora) => {
    const { y, dropped } = evaluateGraph(layerGraph(lora, true), INPUTS) as Record<"y" | "dropped", FloatTensor>;
    const at = (name: string, row: number, column: number): number => {
      const { shape, data } = INPUTS[name] as FloatTensor;
      return data[row * (shape[1] ?? 1) + column] as number;
    };
    const [x, scale, keep] = [(INPUTS["x"] as FloatTensor).data, 2, 0.6];
    const dot = (length: number, term: (at: number) => number): number =>
      Array.from({ length }, (__, k) => term(k)).reduce((a, b) => a + b, 0);
    const low = (output: number, of: (k: number) => number): number =>
      dot(2, (r) => at("q_proj.lora_B.weight", output, r) * dot(6, (k) => at("q_proj.lora_A.weight", r, k) * of(k)));
    for (let row = 0; row < 6; row++) {
      for (let output = 0; output < 4; output++) {
        const seen = (k: number): number => (dropped.data[row * 6 + k] as number) / keep;
        const full = dot(6, (k) => at("q_proj.weight", output, k) * (x[row * 6 + k] as number));
        const ofSeen = dot(6, (k) => at("q_proj.weight", output, k) * seen(k));
        const norm = Math.sqrt(dot(6, (k) => (at("q_proj.weight", output, k) + scale * low(output, (j) => (j === k ? 1 : 0))) ** 2));
        const gain = lora.dora === true ? at("q_proj.lora_magnitude_vector", output, 0) / norm : 1;
        const expected = full + (gain - 1) * ofSeen + gain * scale * low(output, seen) + at("q_proj.bias", output, 0);
        expect(y.data[row * 4 + output]).toBeCloseTo(expected, 4);
      }
    }
    expect(dropped.data.filter((value) => value === 0).length).toBeGreaterThan(5);
  });

  test("gives on average what it gives without dropout", async () => {
    const rounds = 4000;
    await using session = await GraphSession.create(layerGraph(LORA, true), { threads: 1 });
    await using plain = await GraphSession.create(layerGraph(LORA, false), { threads: 1 });
    const expected = (await plain.run(INPUTS))["y"]?.data as Float32Array;
    const [sums, squares] = [new Float64Array(expected.length), new Float64Array(expected.length)];
    for (let round = 0; round < rounds; round++) {
      const random = new RandomStream("round", round);
      const { y } = await session.run({
        ...INPUTS,
        dropoutSeeds: intTensor([2], [random.integer(2 ** 32) | 0, random.integer(2 ** 32) | 0]),
      });
      (y as FloatTensor).data.forEach((value, at) => {
        sums[at] = (sums[at] as number) + value;
        squares[at] = (squares[at] as number) + value * value;
      });
    }
    for (const [at, value] of expected.entries()) {
      const average = (sums[at] as number) / rounds;
      const error = Math.sqrt(((squares[at] as number) / rounds - average ** 2) / rounds);
      expect(Math.abs(average - value)).toBeLessThan(5 * error + 1e-5);
    }
  });
});

test("readout tokens have the same numbers however far the tokens before them are padded", () => {
  const readout = (length: number): Float32Array => {
    const g = new GraphBuilder();
    const dropout = new LoraDropout(0.5, { seeds: g.input("dropoutSeeds", "int32", [batch]), tokens });
    const x = g.input("x", "float32", [batch, addDimensions(tokens, 2), WIDTH]);
    const ofTokens = g.input("ids", "float32", [batch, tokens]);
    const graph = g.finish({ y: dropout.drop(x, "a"), ofTokens });
    const ones = floatTensor([1, length + 2, WIDTH], new Float32Array((length + 2) * WIDTH).fill(1));
    const { y } = evaluateGraph(graph, { x: ones, ids: zeros([1, length]), dropoutSeeds: intTensor([1], [5]) });
    return (y as FloatTensor).data.subarray(length * WIDTH);
  };
  expect(readout(5)).toEqual(readout(3));
  expect(new Set(readout(3))).toEqual(new Set([0, 1]));
});

test("streams that are several times the batch are paths, others are images", () => {
  const g = new GraphBuilder();
  const dropout = new LoraDropout(0.5, { seeds: g.input("dropoutSeeds", "int32", [batch]), tokens });
  const x = g.input("x", "float32", [multiplyDimensions(3, batch), tokens, 4]);
  expect(printGraph(g.finish({ y: dropout.drop(x, "a") }))).toContain("concat");
});
