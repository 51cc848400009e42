import { GraphError, invariant, ShapeError } from "../../errors/families.ts";
import { floatTensor, type DType, type ElementType, type Tensor } from "../tensor/tensor.ts";
import { formatShape, type Shape } from "./dimension.ts";
import { inferSignature, type Signature } from "./infer.ts";
import type { ExternalData, OperationAttributes, OperationName } from "./operations.ts";
import { symbolInputs } from "./symbol-inputs.ts";
import type { Graph, Place, Value, ValueBuilder } from "./value.ts";
import { verifyGraph } from "./verify.ts";

export type { Graph } from "./value.ts";

/**
 * Records values one after another; each is checked and typed as it is made, so that an error points at the line that made it.
 * Operations are functions on values (`operators.ts`); models are functions that call them.
 */
export type GraphBuilder = ValueBuilder;

class RecordingBuilder implements ValueBuilder {
  readonly #values: Value[] = [];
  readonly #inputs = new Map<string, Value>();
  readonly #scalars = new Map<number, Value>();
  readonly #scopes: string[] = [];
  #region: number | undefined;
  #regionCount = 0;

  /** Every value made so far, in topological order. */
  get values(): readonly Value[] {
    return this.#values;
  }

  /** Declares an input. @throws {GraphError} if the name is taken. */
  input(name: string, dtype: DType, shape: Shape): Value {
    if (this.#inputs.has(name)) {
      throw new GraphError({ message: `the graph already has an input "${name}"; give each input its own name`, details: { input: name } });
    }
    const value = this.#append("input", [], { name }, { dtype, shape });
    this.#inputs.set(name, value);
    return value;
  }

  constant(tensor: Tensor): Value {
    return this.emit("constant", [], { tensor });
  }

  /** A float32 scalar, made once per number. */
  scalar(number: number): Value {
    const known = this.#scalars.get(number);
    if (known !== undefined) return known;
    const value = this.#outsideRegion(() => this.constant(floatTensor([], [number])));
    this.#scalars.set(number, value);
    return value;
  }

  /** A tensor that stays in its file. @param dtype of the value: bytes if it is stored so, else float32 if not given; or halves as they are stored. */
  external(name: string, shape: readonly number[], data: ExternalData, dtype?: ElementType): Value {
    const usual = data.dtype === "int8" || data.dtype === "uint8" ? data.dtype : "float32";
    return this.#append("external", [], { name, data }, { dtype: dtype ?? usual, shape });
  }

  /** Appends an operation. @throws {ShapeError} if its inputs do not fit, naming the scope. */
  emit<K extends OperationName>(operation: K, inputs: readonly Value[], attributes: OperationAttributes[K]): Value {
    for (const input of inputs) invariant(input.builder === this, `an input of ${operation} belongs to another graph`);
    try {
      return this.#append(operation, inputs, attributes, inferSignature(operation, inputs, attributes));
    } catch (error) {
      if (error instanceof ShapeError) throw this.#located(error, operation, inputs);
      throw error;
    }
  }

  /** Runs `make` under a scope name, for printing and error messages. */
  scope<T>(name: string, make: () => T): T {
    this.#scopes.push(name);
    try {
      return make();
    } finally {
      this.#scopes.pop();
    }
  }

  /**
   * Marks all that `make` builds as a recomputation region: the backward pass does not keep what lies inside, it computes it again
   * from the region's inputs. Saves memory, costs the region's forward time once more.
   * @source Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost".
   */
  recompute<T>(make: () => T): T {
    if (this.#region !== undefined) return make();
    this.#region = this.#regionCount++;
    try {
      return make();
    } finally {
      this.#region = undefined;
    }
  }

  /** Runs `make` in the scope and region of another value: for passes that rebuild graphs. */
  at<T>(place: Place, make: () => T): T {
    const [scopes, region] = [this.#scopes.splice(0), this.#region];
    this.#scopes.push(...(place.scope === "" ? [] : place.scope.split("/")));
    this.#region = place.region;
    try {
      return make();
    } finally {
      this.#scopes.splice(0, this.#scopes.length, ...scopes);
      this.#region = region;
    }
  }

  /** Closes the graph over the named outputs; values and inputs they do not need are dropped. */
  finish(outputs: Readonly<Record<string, Value>>): Graph {
    const needed = new Set<Value>();
    const pending = Object.values(outputs);
    for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
      if (needed.has(value)) continue;
      needed.add(value);
      pending.push(...value.inputs);
    }
    for (const input of symbolInputs(needed, this.#inputs.values())) needed.add(input);
    const graph: Graph = {
      inputs: new Map([...this.#inputs].filter(([, value]) => needed.has(value))),
      outputs: new Map(Object.entries(outputs)),
      values: this.#values.filter((value) => needed.has(value)),
    };
    verifyGraph(graph, "building");
    return graph;
  }

  #outsideRegion<T>(make: () => T): T {
    const region = this.#region;
    this.#region = undefined;
    try {
      return make();
    } finally {
      this.#region = region;
    }
  }

  #append<K extends OperationName>(
    operation: K,
    inputs: readonly Value[],
    attributes: OperationAttributes[K],
    signature: Signature,
  ): Value {
    const value = {
      id: this.#values.length,
      operation,
      inputs,
      attributes,
      dtype: signature.dtype,
      shape: signature.shape,
      scope: this.#scopes.join("/"),
      region: this.#region,
      builder: this,
    } as unknown as Value; // the union is indexed by `operation`, which TypeScript cannot follow through a type parameter
    this.#values.push(value);
    return value;
  }

  #located(error: ShapeError, operation: OperationName, inputs: readonly Value[]): ShapeError {
    const place = this.#scopes.length === 0 ? operation : `${this.#scopes.join("/")}: ${operation}`;
    return new ShapeError({
      message: `${place}: ${error.message}`,
      details: { operation, scope: [...this.#scopes], inputs: inputs.map((input) => `${input.dtype} ${formatShape(input.shape)}`) },
      cause: error,
    });
  }
}

export const GraphBuilder: new () => GraphBuilder = RecordingBuilder;
