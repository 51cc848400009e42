import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { DeviceError, DisposedError, GraphError, present, ShapeError, WeightsError } from "../../errors/families.ts";
import { symbol } from "../graph/dimension.ts";
import { GraphBuilder, type Graph } from "../graph/graph-builder.ts";
import { add, concat, gather, matmul, mul, reduceSum, reshape } from "../graph/operators.ts";
import { floatTensor, intTensor, zeros } from "../tensor/tensor.ts";
import { GraphSession } from "./graph-session.ts";
import type { Session } from "./session.ts";
import { WorkerSession } from "./worker-session.ts";

/** `y = x + x`, `sum` of it. */
function doubling(): Graph {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [symbol("batch"), 2]);
  const y = add(x, x);
  return g.finish({ y, sum: reduceSum(y, [0, 1]) });
}

const feed = { x: floatTensor([2, 2], [1, 2, 3, 4]) };

describe.each([
  { place: "this thread", open: GraphSession },
  { place: "a worker", open: WorkerSession },
])("a session on $place", ({ open }) => {
  let session: Session;
  beforeAll(async () => {
    session = await open.create(doubling());
  });
  afterAll(() => session.dispose());

  it("runs graphs of any batch", async () => {
    expect(await session.run(feed)).toEqual({ y: floatTensor([2, 2], [2, 4, 6, 8]), sum: floatTensor([], [20]) });
    const longer = await session.run({ x: floatTensor([3, 2], [1, 1, 1, 1, 1, 1]) });
    expect(longer["sum"]).toEqual(floatTensor([], [12]));
  });

  it("writes outputs into given tensors", async () => {
    const y = zeros([2, 2]);
    const results = await session.run(feed, { y });
    expect(results["y"]).toBe(y);
    expect([...y.data]).toEqual([2, 4, 6, 8]);
    await session.run({ x: floatTensor([2, 2], [5, 5, 5, 5]) }, { y });
    expect([...y.data]).toEqual([10, 10, 10, 10]);
  });

  it("reads and writes views into larger arrays", async () => {
    const large = Float32Array.from({ length: 10 }, (_, at) => at);
    const target = new Float32Array(8);
    const results = await session.run({ x: floatTensor([2, 2], large.subarray(4, 8)) }, { y: floatTensor([2, 2], target.subarray(2, 6)) });
    expect([...target]).toEqual([0, 0, 8, 10, 12, 14, 0, 0]);
    expect(results["sum"]).toEqual(floatTensor([], [44]));
    expect(large).toHaveLength(10);
  });

  it("refuses tensors that do not fit", async () => {
    expect(await thrownBy(() => session.run({}))).toBeInstanceOf(ShapeError);
    await expect(session.run({ x: floatTensor([2, 3], [1, 2, 3, 4, 5, 6]) })).rejects.toThrow(
      'input "x": got float32 [2, 3], expected float32 [batch, 2] = [2, 2]',
    );
    await expect(session.run({ x: intTensor([1, 2], [1, 2]) })).rejects.toThrow(ShapeError);
    await expect(session.run(feed, { y: zeros([3, 2]) })).rejects.toThrow(
      'output "y": got float32 [3, 2], expected float32 [batch, 2] = [2, 2]',
    );
    await expect(session.run(feed, { z: zeros([3, 2]) })).rejects.toThrow('no output "z" to write; the graph has y, sum');
  });

  it("says which operation failed", async () => {
    const g = new GraphBuilder();
    const rows = g.scope("embedding", () => gather(g.input("table", "float32", [4, 2]), g.input("ids", "int32", [symbol("count")])));
    await using session = await open.create(g.finish({ rows: add(rows, 1) }));
    const error = await thrownBy(() => session.run({ table: zeros([4, 2]), ids: intTensor([2], [0, 7]) }));
    expect(error).toBeInstanceOf(GraphError);
    expect((error as GraphError).message).toMatch(/embedding\/Gather.*out of/s);
  });

  it("runs several calls at once", async () => {
    const sums = await Promise.all([1, 2, 3].map(async (number) => (await session.run({ x: floatTensor([1, 2], [number, 0]) }))["sum"]));
    expect(sums).toEqual([2, 4, 6].map((number) => floatTensor([], [number])));
  });

  it("may be disposed again, waits for what runs, and runs no more", async () => {
    const session = await open.create(doubling());
    const running = session.run(feed);
    await Promise.all([session.dispose(), session.dispose()]);
    await session.dispose();
    expect((await running)["sum"]).toEqual(floatTensor([], [20]));
    expect(await thrownBy(() => session.run(feed))).toBeInstanceOf(DisposedError);
  });

  it("names what is missing for a device", async () => {
    const error = await thrownBy(() => open.create(doubling(), { device: "cuda" }));
    expect(error).toBeInstanceOf(DeviceError);
    expect((error as DeviceError).message).toMatch(/"cuda" cannot be opened: it needs .* CUDA 12 with cuDNN 9/);
    expect((error as DeviceError).details).toMatchObject({ device: "cuda", available: expect.arrayContaining(["cpu"]) as unknown });
  });
});

describe("preallocated outputs", () => {
  it("are the memory the graph writes to", async () => {
    await using session = await GraphSession.create(doubling());
    const memory = new Float32Array(4);
    const { y } = await session.run(feed, { y: floatTensor([2, 2], memory) });
    expect(present(y, "y").data.buffer).toBe(memory.buffer);
    expect([...memory]).toEqual([2, 4, 6, 8]);
  });
});

describe("bound symbols", () => {
  it("give the same results and refuse other lengths", async () => {
    const g = new GraphBuilder();
    const [batch, tokens] = [symbol("batch"), symbol("tokens")];
    const x = g.input("x", "float32", [batch, tokens, 4]);
    const y = reshape(concat([x, mul(x, 2)], 1), [batch, 2, tokens, 4]);
    const graph = g.finish({ y });
    const tensors = {
      x: floatTensor(
        [2, 3, 4],
        Float32Array.from({ length: 24 }, (_, at) => at),
      ),
    };
    await using free = await GraphSession.create(graph);
    await using bound = await GraphSession.create(graph, { bindings: { batch: 2, tokens: 3 } });
    expect(await bound.run(tensors)).toEqual(await free.run(tensors));
    await expect(bound.run({ x: zeros([3, 3, 4]) })).rejects.toThrow(ShapeError);
  });
});

describe("external weights", () => {
  let folder = "";
  const numbers = [1, 2, 3, 4, 5, 6];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "polyvec-external-"));
    await writeFile(join(folder, "a.bin"), new Uint8Array(new Float32Array([0, 0, ...numbers]).buffer));
    await writeFile(join(folder, "b.bin"), new Uint8Array(new Float32Array(numbers).buffer));
    await symlink("a.bin", join(folder, "link.bin"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  function product(first: string, second: string, length = 24): Graph {
    const g = new GraphBuilder();
    const x = g.input("x", "float32", [1, 2]);
    const a = g.external("a", [2, 3], { file: join(folder, first), byteOffset: 8, byteLength: length });
    const b = g.external("b", [3, 2], { file: join(folder, second), byteOffset: 0, byteLength: 24 });
    return g.finish({ y: matmul(matmul(x, a), b) });
  }

  it.each([
    { first: "a.bin", open: GraphSession, prepacking: true },
    { first: "link.bin", open: GraphSession, prepacking: false },
    { first: "a.bin", open: WorkerSession, prepacking: true },
  ])("are read from $first, prepacked $prepacking", async ({ first, open, prepacking }) => {
    await using session = await open.create(product(first, "b.bin"), { prepacking });
    const { y } = await session.run({ x: floatTensor([1, 2], [1, 10]) });
    expect(y).toEqual(floatTensor([1, 2], [41 + 52 * 3 + 63 * 5, 41 * 2 + 52 * 4 + 63 * 6]));
  });

  it.each([
    ["a file that is not there", () => product("nothing.bin", "b.bin"), /nothing\.bin of the tensor "a" cannot be read/],
    ["a file that is too short", () => product("a.bin", "b.bin", 400), /has 32 bytes, but the tensor "a" ends at byte 408/],
  ])("refuse %s", async (_, make, message) => {
    const error = await thrownBy(() => GraphSession.create(make()));
    expect(error).toBeInstanceOf(WeightsError);
    expect((error as WeightsError).message).toMatch(message);
  });
});
