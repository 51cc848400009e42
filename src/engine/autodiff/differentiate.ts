import { GraphError, invariant, present } from "../../errors/families.ts";
import { expandComposite } from "../graph/expansions.ts";
import { GraphBuilder, type Graph } from "../graph/graph-builder.ts";
import { isComposite, type OperationName } from "../graph/operations.ts";
import { after } from "../graph/operators.ts";
import { copyValue } from "../graph/rebuild.ts";
import type { Value, ValueOf } from "../graph/value.ts";
import { verifyGraph } from "../graph/verify.ts";
import { GradientSums } from "./gradient-sums.ts";
import type { Rule } from "./rule.ts";
import { RULES } from "./rules.ts";

/** What to differentiate, and with respect to what. */
export interface DifferentiateOptions {
  /**
   * Outputs whose gradient is pulled back. A scalar output named in `losses` is seeded with 1; an output named in `seeds`
   * takes its seed from a new input of that output's shape, named by the entry's value (GradCache's second pass).
   */
  readonly losses?: readonly string[];
  readonly seeds?: Readonly<Record<string, string>>;
  /** Inputs whose gradients are wanted. Each becomes an output named `gradient:<input>`. */
  readonly inputs: readonly string[];
}

/** Name of the output that holds an input's gradient. */
export function gradientName(input: string): string {
  return `gradient:${input}`;
}

/**
 * Reverse-mode differentiation: a new graph that also gives the gradients. Composite operations that a gradient passes through are
 * expanded; all others stay whole, so that a frozen part keeps its fused kernels.
 * @throws {GraphError} if a named input or output is not there, a loss is no scalar, or a wanted gradient does not exist.
 */
export function differentiate(graph: Graph, options: DifferentiateOptions): Graph {
  verifyGraph(graph, "building");
  const copy = new DifferentiableCopy(graph, options.inputs);
  const gradients = new GradientSums();
  for (const name of options.losses ?? []) seedLoss(copy, gradients, name);
  for (const [name, input] of Object.entries(options.seeds ?? {})) {
    const output = copy.output(name);
    gradients.add(output, copy.builder.input(input, "float32", output.shape));
  }
  propagate(copy, gradients);
  const outputs = Object.fromEntries([...graph.outputs.keys()].map((name) => [name, copy.output(name)]));
  const found = options.inputs.map((name) => [gradientName(name), gradientOf(copy, gradients, name)] as const);
  const differentiated = copy.builder.finish({ ...outputs, ...Object.fromEntries(found) });
  verifyGraph(differentiated, "autodiff");
  return differentiated;
}

/** The forward graph in a new builder, with the composites on the gradient's way expanded. */
class DifferentiableCopy {
  readonly builder = new GraphBuilder();
  /** Copied values that depend on a differentiated input. */
  readonly active = new Set<Value>();
  readonly #copies = new Map<Value, Value>();
  readonly #graph: Graph;

  constructor(graph: Graph, inputs: readonly string[]) {
    this.#graph = graph;
    const wanted = new Set(inputs.map((name) => this.#find(graph.inputs, name, "input")));
    for (const value of graph.values) this.#copy(value, wanted);
  }

  output(name: string): Value {
    return present(this.#copies.get(this.#find(this.#graph.outputs, name, "output")), name);
  }

  input(name: string): Value {
    return present(this.#copies.get(this.#find(this.#graph.inputs, name, "input")), name);
  }

  #find(values: ReadonlyMap<string, Value>, name: string, kind: string): Value {
    const value = values.get(name);
    if (value !== undefined) return value;
    const known = [...values.keys()].join(", ");
    throw new GraphError({ message: `the graph has no ${kind} "${name}"; it has ${known}`, details: { name, kind } });
  }

  #copy(value: Value, wanted: ReadonlySet<Value>): void {
    const inputs = value.inputs.map((input) => present(this.#copies.get(input), "a copied input"));
    const active = wanted.has(value) || inputs.some((input) => this.active.has(input));
    const before = this.builder.values.length;
    const copy = this.builder.at(value, () => this.#rebuild(value, inputs, active));
    this.#copies.set(value, copy);
    if (wanted.has(value)) this.active.add(copy);
    for (const made of this.builder.values.slice(before)) {
      if (made.inputs.some((input) => this.active.has(input))) this.active.add(made);
    }
  }

  #rebuild(value: Value, inputs: readonly Value[], active: boolean): Value {
    if (active && isComposite(value.operation) && RULES[value.operation] === "expand") {
      return expandComposite(value as ValueOf<"gelu">, inputs);
    }
    return copyValue(this.builder, value, inputs);
  }
}

/**
 * Walks the forward values backwards, handing each value's gradient to its inputs. ONNX Runtime runs what the last output needs first,
 * so that the gradients of parameters would all wait to the end and hold what they are made of; each step back is ordered behind them.
 */
function propagate(copy: DifferentiableCopy, gradients: GradientSums): void {
  const forward = [...copy.builder.values];
  const recomputation = new Recomputation(forward);
  let finished: Value[] = [];
  for (const value of forward.reverse()) {
    const pulledBack = gradients.get(value);
    if (pulledBack === undefined || !copy.active.has(value) || value.inputs.length === 0) continue;
    copy.builder.at({ scope: value.scope, region: undefined }, () => {
      const gradient = after(pulledBack, ...finished);
      finished = [];
      const primal = (x: Value): Value => recomputation.primal(x, value, gradient);
      const pulled = applyRule(value, gradient, primal);
      value.inputs.forEach((input, at) => {
        const part = pulled[at];
        if (part === undefined || !copy.active.has(input)) return;
        const sum = gradients.add(input, part);
        if (input.operation === "input") finished.push(sum);
      });
    });
  }
}

function applyRule(value: Value, gradient: Value, primal: (x: Value) => Value): readonly (Value | undefined)[] {
  const entry = RULES[value.operation];
  if (entry === "none") return [];
  invariant(entry !== "expand", `${value.operation} was to be expanded before differentiation`);
  const rule = entry as Rule<OperationName>;
  return rule({ attributes: value.attributes, inputs: value.inputs.map(primal), output: primal(value), gradient });
}

/**
 * Inside a recomputation region the backward pass uses copies of the forward values, made again from what enters the region and held back
 * until the gradient of the region's end is known.
 */
class Recomputation {
  readonly #regions = new Map<number, Value[]>();
  readonly #copies = new Map<Value, Value>();
  readonly #dependencies = new Map<number, Value>();

  constructor(forward: readonly Value[]) {
    for (const value of forward) {
      if (value.region === undefined) continue;
      const members = this.#regions.get(value.region);
      if (members === undefined) this.#regions.set(value.region, [value]);
      else members.push(value);
    }
  }

  /** The forward value that the backward step of `user` may use in place of `x`. */
  primal(x: Value, user: Value, gradient: Value): Value {
    if (user.region === undefined || x.region !== user.region) return x;
    if (!this.#dependencies.has(user.region)) this.#dependencies.set(user.region, gradient);
    return this.#recomputed(x, user.region);
  }

  #recomputed(x: Value, region: number): Value {
    const known = this.#copies.get(x);
    if (known !== undefined) return known;
    const copy = this.#again(x, region);
    this.#copies.set(x, copy);
    return copy;
  }

  #again(x: Value, region: number): Value {
    if (x.inputs.length === 0) return x.operation === "input" ? this.#entry(x, region) : x;
    const inputs = x.inputs.map((input) => (input.region === region ? this.#recomputed(input, region) : this.#entry(input, region)));
    return x.builder.emit(x.operation, inputs, x.attributes);
  }

  readonly #entries = new Map<string, Value>();

  /** A value that enters a region, held back until the region's gradient is there. Weights stored in files and constants need not wait. */
  #entry(x: Value, region: number): Value {
    if (x.inputs.length === 0 && x.operation !== "input") return x;
    const key = `${region}:${x.id}`;
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const held = after(x, present(this.#dependencies.get(region), "the region's gradient"));
    this.#entries.set(key, held);
    return held;
  }
}

function seedLoss(copy: DifferentiableCopy, gradients: GradientSums, name: string): void {
  const loss = copy.output(name);
  if (loss.shape.length !== 0) {
    throw new GraphError({
      message: `"${name}" has ${loss.shape.length} axes; a loss must be a scalar (reduce it, or give a seed for it)`,
      details: { output: name },
    });
  }
  gradients.add(loss, copy.builder.scalar(1));
}

function gradientOf(copy: DifferentiableCopy, gradients: GradientSums, name: string): Value {
  const gradient = gradients.get(copy.input(name));
  if (gradient !== undefined) return gradient;
  throw new GraphError({
    message: `no gradient reaches the input "${name}": the differentiated outputs do not depend on it`,
    details: { input: name },
  });
}
