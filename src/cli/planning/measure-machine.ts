import { availableParallelism, cpus, totalmem } from "node:os";
import { GraphBuilder, type Graph } from "../../engine/graph/graph-builder.ts";
import { add, matmul, mul } from "../../engine/graph/operators.ts";
import { GraphSession } from "../../engine/runtime/graph-session.ts";
import { floatTensor, zeros, type FloatTensor } from "../../engine/tensor/tensor.ts";
import { clipGradients } from "../../train/clipping.ts";
import { AdamW } from "../../train/optimizer/adamw.ts";
import type { Machine } from "./machines.ts";

/** Rows of activations and widths of a layer such as training multiplies. */
const PRODUCT = { rows: 2048, inner: 1024, columns: 2048 } as const;
/** Numbers of an activation that the next operation finds in a cache, and of one that it does not. */
const CACHED_ELEMENTS = 1 << 19;
const LARGE_ELEMENTS = 1 << 23;
/** Elementwise operations one after another, each reading what the two before have left. */
const PASSES = 12;
/** Operations one after another on next to nothing. */
const CHAIN = 200;
/** Numbers that the optimiser is timed on. */
const UPDATED = 1 << 20;
const RUNS = 25;
const UPDATES = 10;

/** This machine, by running a matrix product, elementwise operations on much and on little, a chain of tiny ones and the optimiser for some seconds: the fastest of several runs, as other programs only slow them down. */
export async function measureMachine(threads: number | undefined): Promise<Machine> {
  const { rows, inner, columns } = PRODUCT;
  const product = await leastSeconds(productGraph(), { a: filled([rows, inner]), b: filled([inner, columns]) }, [rows, columns], threads);
  const bandwidth = await bandwidthAt(LARGE_ELEMENTS, threads);
  const cachedBandwidth = await bandwidthAt(CACHED_ELEMENTS, threads);
  const chain = await leastSeconds(chainGraph(), { a: filled([64]), b: filled([64]) }, [64], threads);
  return {
    name: `this machine, ${threads ?? availableParallelism()} threads of ${cpus()[0]?.model.trim() ?? "its processor"}`,
    flops: (2 * rows * inner * columns) / product,
    bandwidth,
    cachedBandwidth,
    start: chain / CHAIN,
    update: updateSeconds(),
    memory: totalmem(),
    isMeasured: true,
  };
}

function productGraph(): Graph {
  const g = new GraphBuilder();
  const { rows, inner, columns } = PRODUCT;
  return g.finish({ y: matmul(g.input("a", "float32", [rows, inner]), g.input("b", "float32", [inner, columns])) });
}

/** Bytes per second of elementwise operations on so many numbers. */
async function bandwidthAt(elements: number, threads: number | undefined): Promise<number> {
  const g = new GraphBuilder();
  let [before, last] = [g.input("a", "float32", [elements]), g.input("b", "float32", [elements])];
  for (let pass = 0; pass < PASSES; pass++) [before, last] = [last, pass % 2 === 0 ? mul(before, last) : add(before, last)];
  const inputs = { a: filled([elements]), b: filled([elements]) };
  const seconds = await leastSeconds(g.finish({ y: last }), inputs, [elements], threads);
  return (PASSES * 3 * 4 * elements) / seconds;
}

/** Seconds of clipping and AdamW for each number. */
function updateSeconds(): number {
  const [parameters, gradients] = [new Map([["w", filled([UPDATED])]]), new Map([["w", filled([UPDATED])]])];
  const optimizer = new AdamW();
  const once = (step: number): number => {
    const start = performance.now();
    clipGradients(gradients, { maximumNorm: 0.9, step });
    optimizer.step(parameters, gradients, 1e-6);
    return (performance.now() - start) / 1000;
  };
  return Math.min(...Array.from({ length: UPDATES }, (_, step) => once(step))) / UPDATED;
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
