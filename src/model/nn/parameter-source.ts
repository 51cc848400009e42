import { BLOCK_SIZE, blockCount } from "../formats/block-quantization.ts";
import { ConfigError, present } from "../../errors/families.ts";
import type { ExternalData } from "../../engine/graph/operations.ts";
import type { GraphBuilder } from "../../engine/graph/graph-builder.ts";
import type { Value } from "../../engine/graph/value.ts";
import type { FloatTensor, Tensor } from "../../engine/tensor/tensor.ts";
import type { LoraDropout } from "./lora-dropout.ts";

/** Low-rank adapters on chosen linear layers. @source Hu et al. 2021, "LoRA". */
export interface LoraConfig {
  readonly rank: number;
  /** The update is scaled by `alpha / rank`, or by `alpha / sqrt(rank)` with `rankStabilized`. */
  readonly alpha: number;
  /** Last parts of the names of the layers that get one, such as `q_proj`. */
  readonly targetModules: readonly string[];
  readonly rankStabilized?: boolean;
  /** Each output's magnitude is a weight of its own, apart from the direction. @source Liu et al. 2024, "DoRA". */
  readonly dora?: boolean;
  /** Share of an adapter's inputs that are left out at random, in training alone. */
  readonly dropout?: number;
  /** The adapted layers by name, where they are not all those of `targetModules` or differ in rank or alpha: of adapters made elsewhere. */
  readonly layers?: Readonly<Record<string, LoraLayer>>;
}

/** Rank and alpha of one layer's adapter. */
export interface LoraLayer {
  readonly rank: number;
  readonly alpha: number;
}

/** Where the weights of a model that is being built come from. Names are those of the Hugging Face checkpoint. */
export interface ParameterSource {
  readonly builder: GraphBuilder;
  readonly lora: LoraConfig | undefined;
  /** What leaves out adapters' inputs; nothing does if not given. */
  readonly dropout?: LoraDropout | undefined;
  /** A weight of the given name and shape, float32. Asking twice for a name gives the same value. */
  parameter(name: string, shape: readonly number[]): Value;
  /** The weight in signed bytes, if it is held so. Only what can compute with it asks: linear layers and tables. */
  quantized?(name: string, shape: readonly number[]): QuantizedParameter | undefined;
}

/** A matrix in signed bytes inside a graph. */
export interface QuantizedParameter {
  /** `rows` [outputs, inputs] int8 as a checkpoint has it, `columns` [inputs, outputs] int8, `blocks` [outputs, blocks, 16] uint8. */
  readonly values: Value;
  /** [outputs] float32; of blocks [outputs, blocks]. */
  readonly scales: Value;
  readonly layout: WeightLayout;
}

/** How a matrix in bytes is laid out. */
export type WeightLayout = "rows" | "columns" | "blocks";

/** How one weight enters a graph: fed at every run, stored in the graph, left in its file, or in its file in signed bytes. */
export type ParameterPlace =
  | { readonly kind: "input" }
  | { readonly kind: "constant"; readonly tensor: Tensor }
  | { readonly kind: "external"; readonly data: ExternalData }
  | { readonly kind: "quantized"; readonly layout: WeightLayout; readonly data: ExternalData; readonly scales: FloatTensor };

/** The same source, some of the adapters' inputs left out. */
export function withDropout(source: ParameterSource, dropout: LoraDropout): ParameterSource {
  const { builder, lora } = source;
  return {
    builder,
    lora,
    dropout,
    parameter: (name, shape) => source.parameter(name, shape),
    quantized: (name, shape) => source.quantized?.(name, shape),
  };
}

/** A source that decides for each name where the weight lies, and remembers what was asked for. */
export class Parameters implements ParameterSource {
  readonly builder: GraphBuilder;
  readonly lora: LoraConfig | undefined;
  readonly #place: (name: string) => ParameterPlace;
  readonly #values = new Map<string, Value>();
  readonly #quantizable = new Set<string>();
  readonly #quantized = new Map<string, QuantizedParameter>();
  readonly #shapes = new Map<string, readonly number[]>();

  constructor(
    builder: GraphBuilder,
    options: { readonly place?: (name: string) => ParameterPlace; readonly lora?: LoraConfig | undefined } = {},
  ) {
    this.builder = builder;
    this.lora = options.lora;
    this.#place = options.place ?? (() => ({ kind: "input" }));
  }

  /** Shapes of all weights asked for so far, by name. */
  get shapes(): ReadonlyMap<string, readonly number[]> {
    return this.#shapes;
  }

  parameter(name: string, shape: readonly number[]): Value {
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    const value = this.#make(name, shape);
    this.#values.set(name, value);
    this.#shapes.set(name, shape);
    return value;
  }

  /** The weights asked for that could be held in signed bytes. */
  get quantizable(): ReadonlySet<string> {
    return this.#quantizable;
  }

  quantized(name: string, shape: readonly number[]): QuantizedParameter | undefined {
    this.#quantizable.add(name);
    const known = this.#quantized.get(name);
    if (known !== undefined) return known;
    const place = this.#place(name);
    if (place.kind !== "quantized") return undefined;
    const { layout, data, scales } = place;
    const made = { layout, values: this.builder.external(name, storedShape(layout, shape), data), scales: this.builder.constant(scales) };
    this.#quantized.set(name, made);
    this.#shapes.set(name, shape);
    return made;
  }

  #make(name: string, shape: readonly number[]): Value {
    const place = this.#place(name);
    switch (place.kind) {
      case "input":
        return this.builder.input(name, "float32", shape);
      case "constant":
        return this.builder.constant(present(place.tensor, name));
      case "external":
        return this.builder.external(name, shape, place.data);
      case "quantized":
        throw new ConfigError({
          message: `the weight ${name} is held in signed bytes, which only linear layers and tables compute with; export the model anew`,
          details: { tensor: name },
        });
    }
  }
}

function storedShape(layout: WeightLayout, shape: readonly number[]): readonly number[] {
  const [outputs = 0, inputs = 0] = shape;
  if (layout === "blocks") return [outputs, blockCount(inputs), BLOCK_SIZE / 2];
  return layout === "rows" ? shape : [inputs, outputs];
}
