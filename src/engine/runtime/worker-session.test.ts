import { afterAll, beforeAll, expect, it } from "vitest";
import { GraphBuilder, type Graph } from "../graph/graph-builder.ts";
import { matmul, reduceSum } from "../graph/operators.ts";
import { floatTensor, zeros } from "../tensor/tensor.ts";
import { WorkerSession } from "./worker-session.ts";

/** Many products, one after another: some hundred milliseconds on one thread. */
function longRun(): Graph {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [512, 512]);
  let y = x;
  for (let turn = 0; turn < 60; turn++) y = matmul(y, x);
  return g.finish({ y: reduceSum(y, [0, 1]) });
}

let session: WorkerSession;
beforeAll(async () => {
  session = await WorkerSession.create(longRun(), { threads: 1 });
});
afterAll(() => session.dispose());

it("leaves the event loop free while a graph runs", async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const start = performance.now();
  await session.run({ x: zeros([512, 512]) });
  const elapsed = performance.now() - start;
  clearInterval(timer);
  expect(elapsed).toBeGreaterThan(20);
  expect(ticks).toBeGreaterThan(5);
});

it("copies inputs, or takes them over where asked to", async () => {
  const [kept, handed] = [zeros([512, 512]), zeros([512, 512])];
  await session.run({ x: kept });
  await session.run({ x: handed }, {}, { transfer: ["x"] });
  expect([kept.data.length, handed.data.length]).toEqual([512 * 512, 0]);
});

it("survives an input that fails and goes on", async () => {
  await expect(session.run({ x: floatTensor([1], [1]) })).rejects.toThrow(/expected float32 \[512, 512\]/);
  expect((await session.run({ x: zeros([512, 512]) }))["y"]).toEqual(floatTensor([], [0]));
});
