import { present } from "../../errors/families.ts";
import { isHalf, type HalfType } from "../tensor/tensor.ts";
import { expandComposites } from "./expand-composites.ts";
import { GraphBuilder, type Graph } from "./graph-builder.ts";
import { floatCasts, NearCasts } from "./near-casts.ts";
import type { OperationName } from "./operations.ts";
import { cast } from "./operators.ts";
import { copyValue } from "./rebuild.ts";
import type { Value, ValueOf } from "./value.ts";

/** How a graph's precision is lowered. */
export interface MixedPrecisionOptions {
  /** The type that matrix products compute with. */
  readonly dtype: HalfType;
  /** Values that stay in float32 with all that they are made of: losses. None if not given. */
  readonly isKept?: (value: Value) => boolean;
}

/**
 * The graph with its matrix products in 16-bit floats, and what they give and take kept so; inputs, outputs and delicate operations stay in float32.
 *
 * - Products take and give halves. So does what stands between them: activations, biases, scales, reshapes.
 * - Softmax and its gradient are computed in float32; what is kept of it is halves. Norms, reductions, rotary embeddings, exponentials and divisions take and give float32.
 * - Sums of float32 and halves are float32, and so are sums of what are not plain products: the residual stream, and gradients of many parts.
 * - A weight stored in a file in halves of that type is used as it lies there; one stored in another type is rounded for every pass.
 *
 * It is to be applied after differentiation, to forward and backward pass alike: what a value is kept as depends on what it is made of alone, so that the forward
 * pass has the same numbers with a backward pass behind it as without.
 * @source Micikevicius et al. 2018, "Mixed Precision Training"; the operations as in torch.autocast.
 */
export function mixPrecision(graph: Graph, { dtype, isKept = () => false }: MixedPrecisionOptions): Graph {
  const expanded = expandComposites(graph, (value) => value.operation === "attention" && !isKept(value));
  const lowering = new PrecisionLowering(dtype, isKept);
  for (const value of expanded.values) lowering.copy(value);
  return lowering.finish(expanded.outputs);
}

/** Operations that only move numbers: they take and give what they get. */
const MOVES: ReadonlySet<OperationName> = new Set<OperationName>([
  ...(["reshape", "transpose", "expand", "slice", "pad", "concat", "stopGradient", "after"] as const),
]);

/** Operations that compute in halves where all that they take is of halves. */
const TOLERANT: ReadonlySet<OperationName> = new Set<OperationName>(["neg", "add", "sub", "mul", "where", "silu", "gelu"]);

/** Operations that leave a product one, beside a bias or a scale. */
const SCALES: ReadonlySet<OperationName> = new Set<OperationName>(["neg", "add", "sub", "mul"]);

class PrecisionLowering {
  readonly #dtype: HalfType;
  readonly #isKept: (value: Value) => boolean;
  readonly #builder = new GraphBuilder();
  readonly #copies = new Map<Value, Value>();
  readonly #halves = new Map<Value, Value>();
  /** Copies that are kept in halves, but computed with in float32, products apart. */
  readonly #delicates = new Set<Value>();
  readonly #floats = floatCasts();
  /** Of weights that are stored in another type: turned into halves for every pass anew. */
  readonly #weights: NearCasts;
  readonly #wholes = new Map<Value, Value>();
  /** Copies that are a product, or one with a bias or a scale. */
  readonly #products = new Set<Value>();

  constructor(dtype: HalfType, isKept: (value: Value) => boolean) {
    this.#dtype = dtype;
    this.#isKept = isKept;
    this.#weights = new NearCasts(dtype, (value) => value.operation === "external" && value.dtype !== dtype && isFloat(value));
  }

  copy(value: Value): void {
    this.#copies.set(
      value,
      this.#builder.at(value, () => this.#rebuild(value)),
    );
  }

  finish(outputs: Graph["outputs"]): Graph {
    const named = [...outputs].map(([name, value]) => [name, this.#builder.at(value, () => this.#whole(this.#copyOf(value)))] as const);
    return this.#builder.finish(Object.fromEntries(named));
  }

  #rebuild(value: Value): Value {
    const inputs = value.inputs.map((input) => this.#copyOf(input));
    if (value.operation === "external") return this.#weight(value);
    if (inputs.length === 0) return copyValue(this.#builder, value, inputs);
    if (this.#isKept(value)) return this.#inFull(value, inputs);
    if (value.operation === "matmul") return this.#product(this.#inHalves(value, inputs));
    if (value.operation === "softmax") return this.#delicate(this.#half(this.#inFull(value, inputs)));
    if (value.operation === "gather") return this.#gathered(value, inputs);
    if (MOVES.has(value.operation)) return this.#moved(value, inputs);
    return TOLERANT.has(value.operation) ? this.#tolerant(value, inputs) : this.#inFull(value, inputs);
  }

  #weight(value: ValueOf<"external">): Value {
    const { name, data } = value.attributes;
    const { dtype = "float32" } = data;
    return this.#builder.external(name, value.shape as readonly number[], data, isHalf(dtype) ? dtype : value.dtype);
  }

  #moved(value: Value, inputs: readonly Value[]): Value {
    const [first] = inputs as readonly [Value, ...Value[]];
    if (value.operation === "after") return copyValue(this.#builder, value, [first, ...inputs.slice(1).map((each) => this.#whole(each))]);
    const moved =
      isHalf(first.dtype) && inputs.every(({ dtype }) => dtype === first.dtype)
        ? copyValue(this.#builder, value, inputs)
        : this.#inFull(value, inputs);
    return this.#products.has(first) && inputs.length === 1 ? this.#product(moved) : moved;
  }

  /** Of a table in halves the rows alone become float32, not the table. */
  #gathered(value: Value, inputs: readonly Value[]): Value {
    const rows = copyValue(this.#builder, value, inputs);
    return inputs[0]?.operation === "external" ? toFloat(rows) : rows;
  }

  /** In halves where every operand is of halves, or a vector or number that takes the precision of what it meets. */
  #tolerant(value: Value, inputs: readonly Value[]): Value {
    const floats = inputs.filter(({ dtype }) => dtype !== "bool");
    const computed = floats.filter((input) => !isModest(input));
    const fits = computed.length > 0 && computed.every(({ dtype }) => isHalf(dtype));
    const isSum = (value.operation === "add" || value.operation === "sub") && computed.length > 1;
    if (!fits || inputs.some((input) => this.#delicates.has(input)) || (isSum && !computed.every((input) => this.#products.has(input))))
      return this.#inFull(value, inputs);
    const made = this.#inHalves(value, inputs);
    const keepsProduct = SCALES.has(value.operation) && computed.length === 1 && computed.every((input) => this.#products.has(input));
    return keepsProduct ? this.#product(made) : made;
  }

  #delicate(copy: Value): Value {
    this.#delicates.add(copy);
    return copy;
  }

  #product(copy: Value): Value {
    this.#products.add(copy);
    return copy;
  }

  #inHalves(value: Value, inputs: readonly Value[]): Value {
    const halves = this.#weights.of(inputs).map((input) => this.#half(input));
    return copyValue(this.#builder, value, halves);
  }

  #inFull(value: Value, inputs: readonly Value[]): Value {
    return copyValue(this.#builder, value, this.#floats.of(inputs));
  }

  /** The value in halves, rounded once for all that use it. */
  #half(copy: Value): Value {
    if (copy.dtype === this.#dtype || !isFloat(copy)) return copy;
    const known = this.#halves.get(copy);
    if (known !== undefined) return known;
    const half = cast(copy, this.#dtype);
    this.#halves.set(copy, half);
    return half;
  }

  /** A gradient of a weight in float32, once for the output and for what waits for it. */
  #whole(copy: Value): Value {
    const known = this.#wholes.get(copy) ?? toFloat(copy);
    this.#wholes.set(copy, known);
    return known;
  }

  #copyOf(value: Value): Value {
    return present(this.#copies.get(value), "a copied value");
  }
}

function isFloat({ dtype }: Value): boolean {
  return dtype === "float32" || isHalf(dtype);
}

/** The value in float32, if it is of halves. */
function toFloat(value: Value): Value {
  return isHalf(value.dtype) ? cast(value, "float32") : value;
}

/** A number, or a vector that is there from the start: a bias. */
function isModest({ operation, shape }: Value): boolean {
  return (operation === "constant" || operation === "input" || operation === "external") && shape.length <= 1;
}
