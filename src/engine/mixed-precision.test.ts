import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { expectClose } from "../../test/support/engine/expect-close.ts";
import { DeviceError, present } from "../errors/families.ts";
import { RandomStream } from "../random/random-stream.ts";
import { differentiate, gradientName } from "./autodiff/differentiate.ts";
import { compileGraph } from "./runtime/compile.ts";
import { GraphSession } from "./runtime/graph-session.ts";
import { floatTensor, isHalf, type FloatTensor, type HalfType, type Tensor } from "./tensor/tensor.ts";
import { symbol } from "./graph/dimension.ts";
import { GraphBuilder, type Graph } from "./graph/graph-builder.ts";
import { mixPrecision } from "./graph/mixed-precision.ts";
import { add, attention, gather, iota, matmul, mul, reduceMean, reduceSum, reshape, rmsNorm, silu, square } from "./graph/operators.ts";
import { denseOf } from "./graph/reference/dense.ts";
import { evaluateGraph } from "./graph/reference/evaluate.ts";
import { roundToHalf } from "./graph/reference/round-half.ts";
import type { Value } from "./graph/value.ts";

const [B, T, D, H] = [2, 5, 8, 16];
const batch = symbol("batch");

/** A decoder layer in small: norm, attention with one head, residual, norm, gated feed-forward, residual; a loss behind it. */
function layerGraph(): Graph {
  const g = new GraphBuilder();
  const weight = (name: string, ...shape: number[]): Value => g.input(name, "float32", shape);
  const x = g.input("x", "float32", [batch, T, D]);
  const linear = (from: Value, name: string, to: number): Value => matmul(from, weight(name, to, from.shape.at(-1) as number), { transposeB: true }); // prettier-ignore
  const normed = g.scope("norm", () => rmsNorm(x, weight("n", D), 1e-6));
  const head = (name: string): Value => reshape(add(linear(normed, name, D), weight(`${name}b`, D)), [batch, 1, T, D]);
  const mixed = attention({ query: head("q"), key: head("k"), value: head("v"), scale: D ** -0.5 });
  const between = g.scope("residual", () => add(x, linear(reshape(mixed, [batch, T, D]), "o", D)));
  const again = rmsNorm(between, weight("m", D), 1e-6);
  const inner = mul(silu(linear(again, "gate", H)), linear(again, "up", H));
  const y = g.scope("residual", () => add(between, linear(inner, "down", D)));
  const loss = g.scope("loss", () => reduceMean(square(matmul(y, y, { transposeB: true })), [0, 1, 2]));
  return g.finish({ y, loss });
}

const isKept = ({ scope }: Value): boolean => scope.startsWith("loss");

function inputsOf(graph: Graph): Record<string, FloatTensor> {
  return Object.fromEntries(
    [...graph.inputs].map(([name, { shape }]) => {
      const lengths = shape.map((length) => (typeof length === "number" ? length : B));
      const size = lengths.reduce((product, length) => product * length, 1);
      return [name, floatTensor(lengths, new RandomStream("mixed", name).normals(size, name === "x" ? 1 : 0.3))];
    }),
  );
}

async function runOnce(graph: Graph, inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>> {
  await using session = await GraphSession.create(graph, { threads: 1, keepRecomputation: true });
  return await session.run(inputs);
}

/** Half the distance between neighbours at 1: what rounding changes a number by, at most. */
const ROUNDING: Readonly<Record<HalfType, number>> = { float16: 2 ** -11, bfloat16: 2 ** -8 };

describe.each(["float16", "bfloat16"] as const)("a layer in %s", (dtype) => {
  const weights = ["q", "k", "v", "o", "gate", "up", "down", "n", "qb"];
  const backward = differentiate(layerGraph(), { losses: ["loss"], inputs: [...weights, "x"] });
  const mixed = mixPrecision(backward, { dtype, isKept });
  const inputs = inputsOf(backward);

  test("its products, their activations and the attention's weights are kept in halves; the rest is not", () => {
    const typeOf = (operation: string, scope = ""): Set<string> =>
      new Set(mixed.values.filter((value) => value.operation === operation && value.scope === scope).map((value) => value.dtype));
    expect(typeOf("matmul")).toEqual(new Set([dtype]));
    expect(typeOf("silu")).toEqual(new Set([dtype]));
    expect(typeOf("matmul", "loss")).toEqual(new Set(["float32"]));
    expect(typeOf("rmsNorm", "norm")).toEqual(new Set(["float32"]));
    expect(typeOf("softmax")).toEqual(new Set(["float32"]));
    const sums = mixed.values.filter(({ operation, scope, id }) => operation === "add" && scope === "residual" && id < 120);
    expect(new Set(sums.map((value) => value.dtype))).toEqual(new Set(["float32"]));
    for (const value of [...mixed.inputs.values(), ...mixed.outputs.values()]) expect(value.dtype).toBe("float32");
  });

  test("ONNX Runtime gives what the reference gives with every half rounded", async () => {
    const expected = evaluateGraph(mixed, inputs);
    const results = await runOnce(mixed, inputs);
    // sums in another order may round to the neighbour, which what follows sees
    for (const name of mixed.outputs.keys())
      expectClose(denseOf(present(results[name], name)), denseOf(present(expected[name], name)), 8 * ROUNDING[dtype]);
    expect(Object.keys(results)).toHaveLength(backward.outputs.size);
  });

  test("its gradients are those of float32 to a few roundings", async () => {
    const exact = await runOnce(backward, inputs);
    const results = await runOnce(mixed, inputs);
    for (const name of [...weights, "x"].map(gradientName)) {
      const [got, wanted] = [results[name] as FloatTensor, exact[name] as FloatTensor];
      expectClose(denseOf(got), denseOf(wanted), 16 * ROUNDING[dtype]);
      expect(got.data).not.toEqual(wanted.data);
    }
  });

  test("its forward pass has the same bits with a backward pass behind it as without", async () => {
    const forward = await runOnce(mixPrecision(layerGraph(), { dtype, isKept }), inputs);
    expect((await runOnce(mixed, inputs))["y"]).toEqual(forward["y"]);
  });
});

test.each([
  ["float16", "float16"],
  ["bfloat16", "bfloat16"],
  ["float16", "bfloat16"],
  ["bfloat16", "float16"],
] as const)("a table stored in %s stays so in its file, for products in %s", async (stored, dtype) => {
  const file = join(mkdtempSync(join(tmpdir(), "polyvec-")), "weights.bin");
  const bits = stored === "float16" ? [0x3c00, 0x4000, 0xbc00, 0x3800] : [0x3f80, 0x4000, 0xbf80, 0x3f00];
  writeFileSync(file, new Uint8Array(Uint16Array.from(bits).buffer));
  const g = new GraphBuilder();
  const table = g.external("table", [2, 2], { file, byteOffset: 0, byteLength: 8, dtype: stored });
  const x = g.input("x", "float32", [1, 2]);
  const graph = mixPrecision(g.finish({ y: matmul(x, table, { transposeB: true }), rows: gather(table, iota(g, 2)) }), { dtype });
  expect(graph.values.find(({ operation }) => operation === "external")?.dtype).toBe(stored);
  expect(graph.values.find(({ operation }) => operation === "matmul")?.dtype).toBe(dtype);
  const results = await runOnce(graph, { x: floatTensor([1, 2], [3, 1]) });
  expect([...(results["y"] as FloatTensor).data]).toEqual([5, -2.5]);
  expect([...(results["rows"] as FloatTensor).data]).toEqual([1, 2, -1, 0.5]);
});

test("numbers are rounded to the nearest half, ties to even, and beyond the largest to infinity", () => {
  const rounded = (dtype: HalfType, ...numbers: number[]): number[] => numbers.map((number) => roundToHalf(number, dtype));
  expect(rounded("float16", 1 + 2 ** -11, 1 + 3 * 2 ** -11, 65_519, -65_520, 2 ** -25, 3 * 2 ** -25)).toEqual([1, 1 + 2 ** -9, 65_504, -Infinity, 0, 2 ** -23]); // prettier-ignore
  expect(rounded("bfloat16", 1 + 2 ** -8, 1 + 3 * 2 ** -8, 3.39e38, 3.4e38)).toEqual([1, 1 + 2 ** -6, (2 - 2 ** -7) * 2 ** 127, Infinity]);
});

test("a device without bfloat16 says so, and what it has", () => {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [2, 2]);
  const graph = mixPrecision(g.finish({ y: reduceSum(matmul(x, x), [0, 1]) }), { dtype: "bfloat16" });
  expect(graph.values.some((value) => isHalf(value.dtype))).toBe(true);
  expect(() => compileGraph(graph, { device: "webgpu" })).toThrow(DeviceError);
  expect(() => compileGraph(graph, { device: "webgpu" })).toThrow(/"webgpu" has no bfloat16; compute in float32 or float16/);
});
