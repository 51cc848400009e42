import { availableParallelism, cpus, totalmem } from "node:os";
import { GraphBuilder, type Graph } from "../../engine/graph/graph-builder.ts";
import { matmul, mul } from "../../engine/graph/operators.ts";
import { GraphSession } from "../../engine/runtime/graph-session.ts";
import { floatTensor, zeros, type FloatTensor } from "../../engine/tensor/tensor.ts";
import type { Machine } from "./machines.ts";

/** Rows of activations and widths of a layer such as training multiplies. */
const PRODUCT = { rows: 2048, inner: 1024, columns: 2048 } as const;
/** Numbers of an activation of usual size: 4 MiB, which the next operation finds in a cache where there is a large one. */
const ELEMENTS = 1 << 20;
/** Operations one after another on next to nothing. */
const CHAIN = 200;
const RUNS = 25;

/** This machine, by running a matrix product, an elementwise operation and a chain of small ones for about a second: the fastest of several runs, as other programs only slow them down. */
export async function measureMachine(threads: number | undefined): Promise<Machine> {
  const { rows, inner, columns } = PRODUCT;
  const product = await leastSeconds(productGraph(), { a: filled([rows, inner]), b: filled([inner, columns]) }, [rows, columns], threads);
  const sides = { a: filled([ELEMENTS]), b: filled([ELEMENTS]) };
  const elementwise = await leastSeconds(elementwiseGraph(), sides, [ELEMENTS], threads);
  const chain = await leastSeconds(chainGraph(), { a: filled([64]), b: filled([64]) }, [64], threads);
  return {
    name: `this machine, ${threads ?? availableParallelism()} threads of ${cpus()[0]?.model.trim() ?? "its processor"}`,
    flops: (2 * rows * inner * columns) / product,
    bandwidth: (3 * 4 * ELEMENTS) / elementwise,
    start: chain / CHAIN,
    memory: totalmem(),
    isMeasured: true,
  };
}

function productGraph(): Graph {
  const g = new GraphBuilder();
  const { rows, inner, columns } = PRODUCT;
  return g.finish({ y: matmul(g.input("a", "float32", [rows, inner]), g.input("b", "float32", [inner, columns])) });
}

function elementwiseGraph(): Graph {
  const g = new GraphBuilder();
  return g.finish({ y: mul(g.input("a", "float32", [ELEMENTS]), g.input("b", "float32", [ELEMENTS])) });
}

function chainGraph(): Graph {
  const g = new GraphBuilder();
  const [a, b] = [g.input("a", "float32", [64]), g.input("b", "float32", [64])];
  let y = a;
  for (let place = 0; place < CHAIN; place++) y = mul(y, b);
  return g.finish({ y });
}

function filled(shape: readonly number[]): FloatTensor {
  const { data } = zeros(shape);
  return floatTensor(shape, data.fill(0.5));
}

async function leastSeconds(
  graph: Graph,
  inputs: Readonly<Record<string, FloatTensor>>,
  output: readonly number[],
  threads: number | undefined,
): Promise<number> {
  await using session = await GraphSession.create(graph, threads === undefined ? {} : { threads });
  const outputs = { y: zeros(output) };
  await session.run(inputs, outputs);
  const seconds: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    await session.run(inputs, outputs);
    seconds.push((performance.now() - start) / 1000);
  }
  return Math.min(...seconds);
}
