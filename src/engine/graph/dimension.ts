import { GraphError, ShapeError } from "../../errors/families.ts";

/** A length known only when a graph runs: a polynomial with integer coefficients over named symbols, e.g. `2*batch*tokens + 4`. */
export interface SymbolicDimension {
  readonly terms: readonly Term[];
  /** Canonical text: equal polynomials have equal keys. */
  readonly key: string;
}

interface Term {
  readonly coefficient: number;
  /** Sorted; a repeated symbol is a power. */
  readonly symbols: readonly string[];
}

/** Length of one axis: a number, or a polynomial of named symbols. */
export type Dimension = number | SymbolicDimension;
export type Shape = readonly Dimension[];

/** Numbers given to symbols. */
export type Bindings = Readonly<Record<string, number>>;

/** The dimension that is one named symbol, such as `batch`. */
export function symbol(name: string): SymbolicDimension {
  return { terms: [{ coefficient: 1, symbols: [name] }], key: name };
}

export function addDimensions(...dimensions: readonly Dimension[]): Dimension {
  return fromTerms(dimensions.flatMap(termsOf));
}

export function subtractDimensions(a: Dimension, b: Dimension): Dimension {
  return addDimensions(a, multiplyDimensions(b, -1));
}

export function multiplyDimensions(...dimensions: readonly Dimension[]): Dimension {
  return fromTerms(
    dimensions.reduce<readonly Term[]>(
      (product, dimension) => product.flatMap((left) => termsOf(dimension).map((right) => times(left, right))),
      [{ coefficient: 1, symbols: [] }],
    ),
  );
}

/** Exact quotient by a number or a single term. @throws {ShapeError} if it leaves a remainder. */
export function divideDimensions(a: Dimension, b: Dimension): Dimension {
  if (sameDimension(a, b)) return 1;
  const divisors = termsOf(b);
  const divisor = divisors[0];
  if (divisor === undefined || divisors.length > 1) return fail(a, b);
  return fromTerms(termsOf(a).map((term) => divideTerm(term, divisor) ?? fail(a, b)));
}

export function sameDimension(a: Dimension, b: Dimension): boolean {
  return dimensionKey(a) === dimensionKey(b);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dimension, axis) => sameDimension(dimension, b[axis] as Dimension));
}

/** Product of a shape's lengths. */
export function shapeSize(shape: Shape): Dimension {
  return multiplyDimensions(...shape);
}

/** The number a dimension is under the bindings. @throws {GraphError} if a symbol has none. */
export function evaluateDimension(dimension: Dimension, bindings: Bindings): number {
  if (typeof dimension === "number") return dimension;
  return dimension.terms.reduce(
    (sum, term) => sum + term.symbols.reduce((product, name) => product * bound(name, bindings), term.coefficient),
    0,
  );
}

/** Replaces the symbols that are bound and keeps the others. */
export function substitute(dimension: Dimension, bindings: Bindings): Dimension {
  if (typeof dimension === "number") return dimension;
  return fromTerms(
    dimension.terms.map((term) => ({
      coefficient: term.symbols.reduce((product, name) => product * (bindings[name] ?? 1), term.coefficient),
      symbols: term.symbols.filter((name) => bindings[name] === undefined),
    })),
  );
}

export function evaluateShape(shape: Shape, bindings: Bindings): number[] {
  return shape.map((dimension) => evaluateDimension(dimension, bindings));
}

/** Canonical text of a dimension. */
export function dimensionKey(dimension: Dimension): string {
  return typeof dimension === "number" ? String(dimension) : dimension.key;
}

/** `[2, batch, 64]` */
export function formatShape(shape: Shape): string {
  return `[${shape.map(dimensionKey).join(", ")}]`;
}

/** Names of the symbols a dimension depends on. */
export function symbolsOf(dimension: Dimension): string[] {
  return typeof dimension === "number" ? [] : [...new Set(dimension.terms.flatMap((term) => term.symbols))];
}

/** The terms of a dimension; a number is one term without symbols (none for 0). */
export function termsOf(dimension: Dimension): readonly Term[] {
  if (typeof dimension !== "number") return dimension.terms;
  return dimension === 0 ? [] : [{ coefficient: dimension, symbols: [] }];
}

function fromTerms(terms: readonly Term[]): Dimension {
  const collected = new Map<string, Term>();
  for (const term of terms) {
    const key = term.symbols.join("*");
    const coefficient = (collected.get(key)?.coefficient ?? 0) + term.coefficient;
    collected.set(key, { coefficient, symbols: term.symbols });
  }
  const kept = [...collected.entries()].filter(([, term]) => term.coefficient !== 0).sort(([a], [b]) => (a < b ? -1 : 1));
  if (kept.length === 0) return 0;
  const [first] = kept;
  if (kept.length === 1 && first?.[1].symbols.length === 0) return first[1].coefficient;
  return { terms: kept.map(([, term]) => term), key: kept.map(([key, term]) => formatTerm(key, term.coefficient)).join(" + ") };
}

function formatTerm(key: string, coefficient: number): string {
  if (key === "") return String(coefficient);
  return coefficient === 1 ? key : `${coefficient}*${key}`;
}

function times(a: Term, b: Term): Term {
  return { coefficient: a.coefficient * b.coefficient, symbols: [...a.symbols, ...b.symbols].sort() };
}

function divideTerm(term: Term, divisor: Term): Term | undefined {
  const symbols = [...term.symbols];
  for (const name of divisor.symbols) {
    const at = symbols.indexOf(name);
    if (at < 0) return undefined;
    symbols.splice(at, 1);
  }
  const coefficient = term.coefficient / divisor.coefficient;
  return Number.isInteger(coefficient) ? { coefficient, symbols } : undefined;
}

function bound(name: string, bindings: Bindings): number {
  const value = bindings[name];
  if (value !== undefined) return value;
  throw new GraphError({
    message: `the symbolic dimension "${name}" has no number; bind it or feed an input that has it`,
    details: { symbol: name, bound: Object.keys(bindings) },
  });
}

function fail(a: Dimension, b: Dimension): never {
  throw new ShapeError({
    message: `${dimensionKey(a)} cannot be divided by ${dimensionKey(b)} without a remainder`,
    details: { dividend: dimensionKey(a), divisor: dimensionKey(b) },
  });
}
