import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GraphError, ShapeError } from "../../errors/families.ts";
import {
  addDimensions,
  dimensionKey,
  divideDimensions,
  evaluateDimension,
  formatShape,
  multiplyDimensions,
  sameDimension,
  shapeSize,
  substitute,
  subtractDimensions,
  symbol,
  symbolsOf,
  type Dimension,
} from "./dimension.ts";

const [batch, tokens] = [symbol("batch"), symbol("tokens")];

const dimensions: fc.Arbitrary<Dimension> = fc.letrec<{ dimension: Dimension }>((tie) => ({
  dimension: fc.oneof(
    { depthSize: "small" },
    fc.integer({ min: -5, max: 5 }),
    fc.constantFrom("batch", "tokens", "prefix").map(symbol),
    fc.tuple(tie("dimension"), tie("dimension")).map(([a, b]) => addDimensions(a, b)),
    fc.tuple(tie("dimension"), tie("dimension")).map(([a, b]) => multiplyDimensions(a, b)),
  ),
})).dimension;

const bindings = fc.record({
  batch: fc.integer({ min: 0, max: 7 }),
  tokens: fc.integer({ min: 0, max: 7 }),
  prefix: fc.integer({ min: 0, max: 7 }),
});

describe("polynomials", () => {
  it("compute as numbers do", () => {
    fc.assert(
      fc.property(dimensions, dimensions, bindings, (a, b, bound) => {
        const [x, y] = [evaluateDimension(a, bound), evaluateDimension(b, bound)];
        expect(evaluateDimension(addDimensions(a, b), bound)).toBe(x + y);
        expect(evaluateDimension(subtractDimensions(a, b), bound)).toBe(x - y);
        expect(evaluateDimension(multiplyDimensions(a, b), bound)).toBe(x * y === 0 ? 0 : x * y);
      }),
    );
  });

  it("are equal whatever the order they were made in", () => {
    fc.assert(
      fc.property(dimensions, dimensions, dimensions, (a, b, c) => {
        expect(dimensionKey(addDimensions(a, b, c))).toBe(dimensionKey(addDimensions(c, addDimensions(b, a))));
        expect(dimensionKey(multiplyDimensions(a, b, c))).toBe(dimensionKey(multiplyDimensions(c, multiplyDimensions(b, a))));
        const distributed = addDimensions(multiplyDimensions(a, b), multiplyDimensions(a, c));
        expect(dimensionKey(multiplyDimensions(a, addDimensions(b, c)))).toBe(dimensionKey(distributed));
        expect(subtractDimensions(a, a)).toBe(0);
      }),
    );
  });

  it("are divided by what they were multiplied with", () => {
    const divisors = fc.constantFrom<Dimension>(2, 3, batch, multiplyDimensions(2, batch, tokens));
    fc.assert(
      fc.property(dimensions, divisors, (a, divisor) => {
        expect(dimensionKey(divideDimensions(multiplyDimensions(a, divisor), divisor))).toBe(dimensionKey(a));
      }),
    );
  });

  it("are numbers once all symbols are bound", () => {
    fc.assert(
      fc.property(dimensions, bindings, (a, bound) => {
        expect(substitute(a, bound)).toBe(evaluateDimension(a, bound));
        expect(symbolsOf(substitute(a, { batch: bound.batch }))).not.toContain("batch");
      }),
    );
  });
});

describe("dimensions", () => {
  it("print canonically", () => {
    expect(formatShape([2, batch, addDimensions(tokens, 4), multiplyDimensions(tokens, 2, batch)])).toBe(
      "[2, batch, 4 + tokens, 2*batch*tokens]",
    );
    expect(dimensionKey(shapeSize([batch, batch, 3]))).toBe("3*batch*batch");
    expect(dimensionKey(addDimensions(tokens, 1, -1))).toBe("tokens");
    expect(dimensionKey(shapeSize([]))).toBe("1");
  });

  it("differ by name", () => {
    expect(sameDimension(batch, symbol("batch"))).toBe(true);
    expect(sameDimension(batch, tokens)).toBe(false);
  });

  it.each([
    [7, 2],
    [batch, 2],
    [batch, tokens],
    [addDimensions(batch, 1), batch],
    [batch, addDimensions(batch, 1)],
  ] as [Dimension, Dimension][])("leave a remainder: %o by %o", (a, b) => {
    expect(() => divideDimensions(a, b)).toThrow(ShapeError);
  });

  it("have no number without bindings", () => {
    expect(() => evaluateDimension(addDimensions(batch, tokens), { batch: 2 })).toThrow(/"tokens" has no number/);
    expect(() => evaluateDimension(batch, {})).toThrow(GraphError);
  });
});
