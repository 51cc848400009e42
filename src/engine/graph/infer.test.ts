import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { ShapeError } from "../../errors/families.ts";
import { formatShape, symbol, type Shape } from "./dimension.ts";
import { GraphBuilder } from "./graph-builder.ts";
import { broadcastShapes } from "./infer.ts";
import {
  add,
  attention,
  concat,
  expand,
  gather,
  matmul,
  reduceSum,
  reshape,
  rmsNorm,
  rotary,
  scatterAdd,
  slice,
  transpose,
} from "./operators.ts";
import type { Value } from "./value.ts";

describe("broadcasting", () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 });
  /** Replaces some axes by 1 and drops some leading ones. */
  const weakened = (shape: readonly number[]): fc.Arbitrary<number[]> =>
    fc
      .tuple(fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }), fc.integer({ min: 0, max: shape.length }))
      .map(([ones, from]) => shape.map((length, axis) => (ones[axis] === true ? 1 : length)).slice(from));

  it("gives the shape that both were weakened from, wherever one kept it", () => {
    fc.assert(
      fc.property(
        shapes.chain((shape) => fc.tuple(fc.constant(shape), weakened(shape))),
        ([shape, weak]) => {
          expect(broadcastShapes(shape, weak)).toEqual(shape);
          expect(broadcastShapes(weak, shape)).toEqual(shape);
          expect(broadcastShapes(shape, [])).toEqual(shape);
        },
      ),
    );
  });

  it("takes the longer of each pair of axes", () => {
    fc.assert(
      fc.property(
        shapes.chain((shape) => fc.tuple(weakened(shape), weakened(shape))),
        ([a, b]) => {
          const rank = Math.max(a.length, b.length);
          const expected = Array.from({ length: rank }, (_, axis) =>
            Math.max(a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1),
          );
          expect(broadcastShapes(a, b)).toEqual(expected);
        },
      ),
    );
  });

  it("refuses lengths that differ, and symbols but themselves", () => {
    const batch = symbol("batch");
    expect(() => broadcastShapes([2, 3], [2])).toThrow("shapes [2, 3] and [2] do not broadcast");
    expect(() => broadcastShapes([batch], [3])).toThrow(ShapeError);
    expect(() => broadcastShapes([batch], [symbol("tokens")])).toThrow(ShapeError);
    expect(formatShape(broadcastShapes([batch, 1], [symbol("batch"), 5]))).toBe("[batch, 5]");
  });
});

describe("operations refuse what does not fit", () => {
  const g = new GraphBuilder();
  let count = 0;
  const float = (...shape: Shape): Value => g.input(`x${count++}`, "float32", shape);
  const int = (...shape: Shape): Value => g.input(`x${count++}`, "int32", shape);

  it.each<readonly [string, () => Value, RegExp]>([
    ["matmul", () => matmul(float(2, 3), float(4, 5)), /matmul of \[2, 3\] and \[4, 5\]: inner lengths differ/],
    ["matmul of vectors", () => matmul(float(3), float(3, 2)), /two axes or more/],
    ["reshape", () => reshape(float(2, 3), [4]), /cannot reshape \[2, 3\] to \[4\]/],
    ["reshape of symbols", () => reshape(float(symbol("batch"), 3), [symbol("tokens"), 3]), /the sizes differ/],
    ["transpose", () => transpose(float(2, 3), [0, 0]), /no permutation/],
    ["expand", () => expand(float(2), [3]), /do not broadcast/],
    ["slice", () => slice(float(2, 3), 1, [1, 5]), /cannot take 1..5 of axis 1 of \[2, 3\]/],
    ["concat", () => concat([float(2, 3), float(3, 3)], 1), /cannot concatenate/],
    ["reduceSum", () => reduceSum(float(2), [3]), /cannot reduce axes/],
    ["gather", () => gather(float(2, 3), float(1)), /expected int32/],
    ["scatterAdd", () => scatterAdd(int(4), float(5, 2), 3), /must begin with the shape of the indices/],
    ["add of two types", () => add(float(2), int(2)), /operands of float32 and int32/],
    ["rmsNorm", () => rmsNorm(float(2, 4), float(3), 1e-6), /needs parameters \[4\]/],
    ["rotary", () => rotary(float(1, 2, 3, 4), float(1, 3, 2), float(1, 3, 1)), /rotary needs/],
    [
      "attention",
      () => attention({ query: float(1, 3, 2, 4), key: float(1, 2, 5, 4), value: float(1, 2, 5, 4), scale: 1 }),
      /attention needs/,
    ],
    [
      "attention's bias",
      () => attention({ query: float(1, 2, 2, 4), key: float(1, 2, 5, 4), value: float(1, 2, 5, 4), bias: float(3, 5), scale: 1 }),
      /do not broadcast/,
    ],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(message);
  });

  it("names the scope and the operands", async () => {
    const make = (): Value => g.scope("layers.3", () => g.scope("attention", () => add(float(2), float(3))));
    const error = await thrownBy(make);
    expect(error).toBeInstanceOf(ShapeError);
    expect((error as ShapeError).message).toMatch(/^layers\.3\/attention: add: shapes/);
    expect((error as ShapeError).details).toMatchObject({
      operation: "add",
      scope: ["layers.3", "attention"],
      inputs: ["float32 [2]", "float32 [3]"],
    });
  });
});
