import { describe, expect, test } from "vitest";
import { slopes, worstSlope } from "../../../test/fixtures/objective/finite-differences.ts";
import { GraphBuilder, type Graph } from "../../engine/graph/graph-builder.ts";
import { symbol } from "../../engine/graph/dimension.ts";
import { GraphSession } from "../../engine/runtime/graph-session.ts";
import { floatTensor, type FloatTensor } from "../../engine/tensor/tensor.ts";
import { RandomStream } from "../../random/random-stream.ts";
import { makeMasks, type ContrastiveMasks } from "./contrastive-masks.ts";
import { infoNce, pathInfoNce } from "./info-nce.ts";

/** InfoNCE of plain vectors whose scores can be chosen freely: queries are the scores, targets the unit matrix. */
async function ofScores(
  scores: readonly (readonly number[])[],
  masks: ContrastiveMasks,
  temperature = 1,
): Promise<{ loss: number; precision: number }> {
  const [rows, columns] = masks.positives.shape as [number, number];
  const identity = Array.from({ length: columns ** 2 }, (_, at) => Number(at % (columns + 1) === 0));
  await using session = await GraphSession.create(graphOf({ dimensions: columns, temperature }), { threads: 1 });
  const outputs = await session.run({
    queries: floatTensor([rows, columns], scores.flat()),
    targets: floatTensor([columns, columns], identity),
    positives: masks.positives,
    excluded: masks.excluded,
  });
  return { loss: outputs["loss"]?.data[0] as number, precision: outputs["precision"]?.data[0] as number };
}

function graphOf({ dimensions, temperature, symmetric = false }: { dimensions: number; temperature: number; symmetric?: boolean }): Graph {
  const builder = new GraphBuilder();
  const queries = builder.input("queries", "float32", [symbol("queries"), dimensions]);
  const targets = builder.input("targets", "float32", [symbol("targets"), dimensions]);
  const positives = builder.input("positives", "float32", [symbol("queries"), symbol("targets")]);
  const excluded = builder.input("excluded", "float32", [symbol("queries"), symbol("targets")]);
  return builder.finish({ ...infoNce({ queries, targets, positives, excluded, temperature, symmetric }) });
}

function mask(rows: number, columns: number, ones: readonly (readonly [number, number])[]): FloatTensor {
  const data = new Float32Array(rows * columns);
  for (const [row, column] of ones) data[row * columns + column] = 1;
  return floatTensor([rows, columns], data);
}

describe("answers worked out by hand", () => {
  test("all-equal scores give log B, and a tie is a miss", async () => {
    const scores = Array.from({ length: 7 }, () => [0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3]);
    const { loss, precision } = await ofScores(scores, makeMasks(["a", "b", "c", "d", "e", "f", "g"]), 0.05);
    expect(loss).toBeCloseTo(Math.log(7), 5);
    expect(precision).toBe(0);
  });

  test("one positive is the plain cross entropy, and temperature divides the scores", async () => {
    const { loss, precision } = await ofScores([[0.2, 0.5, -0.1]], { positives: mask(1, 3, [[0, 1]]), excluded: mask(1, 3, []) }, 0.5);
    expect(loss).toBeCloseTo(-Math.log(Math.exp(1) / (Math.exp(0.4) + Math.exp(1) + Math.exp(-0.2))), 6);
    expect(precision).toBe(1);
  });

  test("an excluded target is as if it were not there", async () => {
    const masks = { positives: mask(1, 3, [[0, 0]]), excluded: mask(1, 3, [[0, 1]]) };
    const { loss, precision } = await ofScores([[0, 50, 0]], masks);
    expect(loss).toBeCloseTo(Math.log(2), 6);
    expect(precision).toBe(0); // it ties with the third
  });

  test("several positives: each against the negatives alone, then their mean", async () => {
    const masks = {
      positives: mask(1, 4, [
        [0, 0],
        [0, 1],
      ]),
      excluded: mask(1, 4, []),
    };
    const { loss, precision } = await ofScores([[2, -1, 0.5, 0]], masks);
    const negatives = Math.exp(0.5) + 1;
    const of = (score: number): number => -Math.log(Math.exp(score) / (Math.exp(score) + negatives));
    expect(loss).toBeCloseTo((of(2) + of(-1)) / 2, 6);
    expect(precision).toBe(1);
  });

  test("a query without negatives has loss 0, one without positives does not count", async () => {
    const masks = {
      positives: mask(3, 3, [
        [0, 0],
        [2, 2],
      ]),
      excluded: mask(3, 3, [
        [0, 1],
        [0, 2],
      ]),
    };
    const scores = [
      [1, 2, 3],
      [9, 9, 9],
      [0, 0, 0],
    ];
    const { loss, precision } = await ofScores(scores, masks);
    expect(loss).toBeCloseTo(Math.log(3) / 2, 6);
    expect(precision).toBe(0.5);
  });

  test("scores of ±1 at temperature 0.01 overflow nowhere", async () => {
    const scores = [
      [-1, 1],
      [1, -1],
    ];
    const { loss } = await ofScores(scores, makeMasks(["a", "b"]), 0.01);
    expect(loss).toBeCloseTo(200, 3);
  });
});

test.each([false, true])("gradients by finite differences, symmetric: %s", async (symmetric) => {
  const graph = graphOf({ dimensions: 4, temperature: 0.4, symmetric });
  const positives = mask(4, 6, [
    [0, 0],
    [1, 1],
    [1, 4],
    [2, 2],
    [3, 3],
  ]);
  const random = new RandomStream("info-nce");
  const values = {
    queries: floatTensor([4, 4], random.normals(16, 0.5)),
    targets: floatTensor([6, 4], random.normals(24, 0.5)),
    positives,
    excluded: mask(4, 6, [[0, 5]]),
  };
  expect(worstSlope(await slopes(graph, values, { loss: "loss", inputs: ["queries", "targets"] }))).toBeLessThan(2e-3);
});

test("the loss of paths is the mean of each path's own", async () => {
  const builder = new GraphBuilder();
  const inputs = {
    queries: builder.input("queries", "float32", [symbol("queries"), 2, 3]),
    targets: builder.input("targets", "float32", [symbol("targets"), 2, 3]),
    positives: builder.input("positives", "float32", [symbol("queries"), symbol("targets")]),
    excluded: builder.input("excluded", "float32", [symbol("queries"), symbol("targets")]),
    temperature: 0.3,
  };
  await using session = await GraphSession.create(builder.finish({ ...pathInfoNce(inputs) }), { threads: 1 });
  await using single = await GraphSession.create(graphOf({ dimensions: 3, temperature: 0.3 }), { threads: 1 });
  const masks = makeMasks(["a", "b", "a", "c"], ["d"]);
  const random = new RandomStream("paths");
  const [queries, targets] = [floatTensor([4, 2, 3], random.normals(24)), floatTensor([5, 2, 3], random.normals(30))];
  const outputs = await session.run({ queries, targets, ...masks });
  const pathOf = ({ shape, data }: FloatTensor, path: number): FloatTensor =>
    floatTensor(
      [shape[0] as number, 3],
      data.filter((_, at) => Math.floor(at / 3) % 2 === path),
    );
  const expected = [];
  for (const path of [0, 1]) {
    const { loss } = await single.run({ queries: pathOf(queries, path), targets: pathOf(targets, path), ...masks });
    expected.push(loss?.data[0]);
  }
  expect(outputs["perPath"]?.data[0]).toBeCloseTo(expected[0] as number, 6);
  expect(outputs["perPath"]?.data[1]).toBeCloseTo(expected[1] as number, 6);
  expect(outputs["loss"]?.data[0]).toBeCloseTo(((expected[0] as number) + (expected[1] as number)) / 2, 6);
});
