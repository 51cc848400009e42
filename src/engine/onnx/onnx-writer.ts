import { LoweringError, present } from "../../errors/families.ts";
import { dimensionKey, sameDimension, termsOf, type Dimension, type Shape } from "../graph/dimension.ts";
import type { ExternalData } from "../graph/operations.ts";
import { pureSymbol } from "../graph/symbol-inputs.ts";
import type { Value } from "../graph/value.ts";
import type { ElementType, Tensor } from "../tensor/tensor.ts";
import type { AttributeProto, NodeProto, TensorProto } from "./protobuf.ts";

/** Element type numbers of ONNX. @source onnx.proto3, TensorProto.DataType. */
export const ONNX_TYPES: Readonly<Record<ElementType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  bfloat16: 16,
};

/** An attribute: a float (`{ float: 1 }`), an integer, a list of integers or a text. */
export type Attribute = number | readonly number[] | string | { readonly float: number };

/** Domain of ONNX Runtime's own operators. */
export const MICROSOFT = "com.microsoft";

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: string;
}

/** Collects nodes and initializers; names every tensor. */
export class OnnxWriter {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  readonly #integers = new Map<string, string>();
  readonly #dimensions = new Map<string, string>();
  readonly #shared = new Map<string, string>();
  readonly #symbolSources: ReadonlyMap<string, { readonly input: string; readonly axis: number }>;
  readonly #locate: (file: string) => string;
  #scope = "";
  #count = 0;

  /** @param locate the path that the model names an external file by. */
  constructor(inputs: ReadonlyMap<string, Value>, locate: (file: string) => string = (file) => file) {
    this.#symbolSources = findSymbols(inputs);
    this.#locate = locate;
  }

  /** Appends a node with one output and returns the output's name. */
  node(opType: string, input: readonly string[], { attributes = {}, domain = "" }: NodeOptions = {}): string {
    const name = this.#name(opType);
    const attribute = Object.entries(attributes).map(([key, value]) => attributeProto(key, value));
    this.nodes.push({ input, output: [name], name, opType, domain, attribute });
    return name;
  }

  /** The name of the next output of the node that gives this one. */
  anotherOutput(output: string): string {
    const at = this.nodes.findIndex((node) => node.output[0] === output);
    const node = present(this.nodes[at], output);
    const another = `${output}.${node.output.length}`;
    this.nodes[at] = { ...node, output: [...node.output, another] };
    return another;
  }

  /** Runs `make` so that what it writes is named after a scope: ONNX Runtime's errors and profiles name nodes. */
  within<T>(scope: string, make: () => T): T {
    const before = this.#scope;
    this.#scope = scope;
    try {
      return make();
    } finally {
      this.#scope = before;
    }
  }

  /** What `make` writes, written once per key. */
  shared(key: string, make: () => string): string {
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const name = make();
    this.#shared.set(key, name);
    return name;
  }

  /** A tensor stored in the model. */
  tensor(tensor: Tensor): string {
    const name = this.#name("constant");
    const { buffer, byteOffset, byteLength } = tensor.data;
    this.initializers.push({
      name,
      dims: tensor.shape,
      dataType: ONNX_TYPES[tensor.dtype],
      rawData: new Uint8Array(buffer, byteOffset, byteLength),
    });
    return name;
  }

  /** A tensor that stays in its file; ONNX Runtime maps the bytes. */
  external(name: string, shape: readonly number[], { file, byteOffset, byteLength, dtype = "float32" }: ExternalData): string {
    const entries = { location: this.#locate(file), offset: String(byteOffset), length: String(byteLength) };
    const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
    this.initializers.push({ name, dims: shape, dataType: ONNX_TYPES[dtype], externalData, dataLocation: 1 });
    return name;
  }

  /** A list of int64 stored in the model, shared by all who want the same. */
  integers(values: readonly number[]): string {
    const key = values.join(",");
    const known = this.#integers.get(key);
    if (known !== undefined) return known;
    const data = BigInt64Array.from(values, BigInt);
    const name = this.tensor({ dtype: "int64", shape: [values.length], data });
    this.#integers.set(key, name);
    return name;
  }

  /** A dimension's length as int64 `[1]`, read from the inputs' shapes when the graph runs. */
  dimension(dimension: Dimension): string {
    if (typeof dimension === "number") return this.integers([dimension]);
    const known = this.#dimensions.get(dimension.key);
    if (known !== undefined) return known;
    const name = this.#polynomial(dimension);
    this.#dimensions.set(dimension.key, name);
    return name;
  }

  /** A shape as int64 `[rank]`. */
  shape(shape: Shape): string {
    if (shape.every((dimension) => typeof dimension === "number")) return this.integers(shape);
    return this.node(
      "Concat",
      shape.map((dimension) => this.dimension(dimension)),
      { attributes: { axis: 0 } },
    );
  }

  /** The target of a Reshape: constant wherever copied axes (0) and one inferred axis (-1) suffice. */
  reshapeTarget(from: Shape, to: Shape): string {
    const codes = to.map((dimension, axis) => {
      if (typeof dimension === "number") return dimension;
      const original = from[axis];
      return original !== undefined && sameDimension(original, dimension) ? 0 : -1;
    });
    const constant = codes.filter((code) => code === -1).length <= 1 && !to.includes(0);
    return constant ? this.integers(codes) : this.shape(to);
  }

  #name(opType: string): string {
    const number = this.#count++;
    return `${this.#scope === "" ? "" : `${this.#scope}/`}${opType}#${number}`;
  }

  #polynomial(dimension: Dimension): string {
    const terms = termsOf(dimension).map(({ coefficient, symbols }) => {
      const factors = symbols.map((name) => this.#symbol(name, dimension));
      const all = coefficient === 1 && factors.length > 0 ? factors : [this.integers([coefficient]), ...factors];
      return all.reduce((left, right) => this.node("Mul", [left, right]));
    });
    return terms.reduce((left, right) => this.node("Add", [left, right]));
  }

  #symbol(name: string, dimension: Dimension): string {
    const known = this.#dimensions.get(name);
    if (known !== undefined) return known;
    const source = this.#symbolSources.get(name);
    if (source === undefined) {
      throw new LoweringError({
        message: `the dimension ${dimensionKey(dimension)} needs "${name}", which is no axis of any input; add an input that has it as an axis, or bind it`,
        details: { symbol: name, known: [...this.#symbolSources.keys()] },
      });
    }
    const length = this.node("Shape", [source.input], { attributes: { start: source.axis, end: source.axis + 1 } });
    this.#dimensions.set(name, length);
    return length;
  }
}

function findSymbols(inputs: ReadonlyMap<string, Value>): Map<string, { input: string; axis: number }> {
  const sources = new Map<string, { input: string; axis: number }>();
  for (const [input, value] of inputs) {
    value.shape.forEach((dimension, axis) => {
      const name = pureSymbol(dimension);
      if (name !== undefined && !sources.has(name)) sources.set(name, { input, axis });
    });
  }
  return sources;
}

function attributeProto(name: string, value: Attribute): AttributeProto {
  if (typeof value === "string") return { name, type: 3, s: new TextEncoder().encode(value) };
  if (typeof value === "number") return { name, type: 2, i: value };
  if ("float" in value) return { name, type: 1, f: value.float };
  return { name, type: 7, ints: value };
}
