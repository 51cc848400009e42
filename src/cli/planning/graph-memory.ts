import { evaluateShape, type Bindings } from "../../engine/graph/dimension.ts";
import { expandComposites } from "../../engine/graph/expand-composites.ts";
import type { Graph } from "../../engine/graph/graph-builder.ts";
import type { OperationName } from "../../engine/graph/operations.ts";
import type { Value } from "../../engine/graph/value.ts";
import { sizeOf, type ElementType } from "../../engine/tensor/tensor.ts";

/** What a graph moves and holds when it runs, weights, inputs and outputs apart. */
export interface GraphMemory {
  /** Bytes that all operations but matrix products read and write: what they take time for. */
  readonly traffic: Traffic;
  /** Bytes of the values that are held at once, at most. */
  readonly peak: number;
  /** Operations that compute something. */
  readonly operations: number;
}

/** Bytes read and written, by where they are found. */
export interface Traffic {
  /** By operations small enough for a processor's cache, where the one before has left what they read. */
  readonly cached: number;
  /** By larger ones, which go to the main memory. */
  readonly main: number;
}

/** Bytes that an operation reads and writes at most to find them in a cache. Ours: half of what large processors share among their cores. */
const CACHED = 16e6;

/** Bytes of one number. */
const BYTES: Readonly<Record<ElementType, number>> = {
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/** Operations that compute nothing: their value is there, or lies where another one does. */
const PLACES: ReadonlySet<OperationName> = new Set(["input", "constant", "external", "dimension", "reshape", "stopGradient", "after"]);

/** Operations whose result may take the place of an input that nobody else needs. */
const IN_PLACE: ReadonlySet<OperationName> = new Set<OperationName>([
  ...(["neg", "exp", "log", "sqrt", "tanh", "sigmoid", "erf", "sin", "cos", "abs"] as const),
  ...(["add", "sub", "mul", "div", "maximum", "minimum"] as const),
]);

/**
 * Walks a graph in its order, as ONNX Runtime runs it, and lets every value go after its last use. Attention is counted as its plain products, which hold
 * the scores.
 * @throws {GraphError} if a symbol of the graph has no number.
 */
export function graphMemory(graph: Graph, bindings: Bindings): GraphMemory {
  const expanded = expandComposites(graph, (value) => value.operation === "attention");
  return new Walk(expanded, bindings).run();
}

class Walk {
  readonly #bindings: Bindings;
  readonly #values: readonly Value[];
  readonly #owners = new Map<Value, Value>();
  /** Place of the last operation that needs an owner's bytes. */
  readonly #lastUses = new Map<Value, number>();
  /** Owners whose bytes lie outside: graph inputs, weights, outputs. */
  readonly #outside: ReadonlySet<Value>;

  constructor(graph: Graph, bindings: Bindings) {
    this.#bindings = bindings;
    this.#values = neededValues(graph);
    this.#values.forEach((value, place) => {
      for (const input of value.operation === "dimension" ? [] : value.inputs) this.#lastUses.set(this.#ownerOf(input), place);
    });
    this.#outside = new Set([...graph.outputs.values()].map((value) => this.#ownerOf(value)));
  }

  run(): GraphMemory {
    let [peak, held, operations] = [0, 0, 0];
    const traffic = { cached: 0, main: 0 };
    const ends = this.#ends();
    const taken = new Set<Value>();
    this.#values.forEach((value, place) => {
      const bytes = this.#heldBytes(value);
      if (!PLACES.has(value.operation)) {
        operations++;
        if (value.operation !== "matmul") {
          const moved = this.#movedBytes(value);
          traffic[moved <= CACHED ? "cached" : "main"] += moved;
        }
        const reused = this.#reusable(value, place, taken);
        if (reused === undefined) held += bytes;
        else taken.add(reused);
        peak = Math.max(peak, held);
      }
      for (const owner of ends.get(place) ?? []) if (!taken.has(owner)) held -= this.#heldBytes(owner);
    });
    return { traffic, peak, operations };
  }

  /** By place, the owners that nothing needs after it. */
  #ends(): ReadonlyMap<number, readonly Value[]> {
    const ends = new Map<number, Value[]>();
    for (const [owner, place] of this.#lastUses) ends.set(place, [...(ends.get(place) ?? []), owner]);
    return ends;
  }

  /** The value whose memory an operation's result takes over. */
  #reusable(value: Value, place: number, taken: ReadonlySet<Value>): Value | undefined {
    if (!IN_PLACE.has(value.operation)) return undefined;
    return value.inputs
      .map((input) => this.#ownerOf(input))
      .find((owner) => this.#lastUses.get(owner) === place && !taken.has(owner) && this.#heldBytes(owner) === this.#heldBytes(value));
  }

  /** The value whose memory a value lies in. */
  #ownerOf(value: Value): Value {
    const known = this.#owners.get(value);
    if (known !== undefined) return known;
    const passesOn = value.operation === "reshape" || value.operation === "stopGradient" || value.operation === "after";
    const owner = passesOn ? this.#ownerOf(value.inputs[0] as Value) : value;
    this.#owners.set(value, owner);
    return owner;
  }

  #heldBytes(value: Value): number {
    return PLACES.has(value.operation) || this.#outside.has(value) ? 0 : this.#bytes(value);
  }

  #movedBytes(value: Value): number {
    return [value, ...value.inputs].reduce((sum, moved) => sum + this.#bytes(moved), 0);
  }

  #bytes({ dtype, shape }: Value): number {
    return BYTES[dtype] * sizeOf(evaluateShape(shape, this.#bindings));
  }
}

/** The values that the outputs need, in the graph's order. */
function neededValues({ values, outputs }: Graph): readonly Value[] {
  const needed = new Set<Value>(outputs.values());
  for (const value of [...values].reverse()) if (needed.has(value)) for (const input of value.inputs) needed.add(input);
  return values.filter((value) => needed.has(value));
}
