import { differentiate, gradientName } from "../../src/engine/autodiff/differentiate.ts";
import type { Graph } from "../../src/engine/graph/graph-builder.ts";
import { GraphSession } from "../../src/engine/runtime/graph-session.ts";
import { zeros, type FloatTensor, type Tensor } from "../../src/engine/tensor/tensor.ts";
import { present } from "../../src/errors/families.ts";
import { blockWeights, loraWeights, weightName, type BlockSizes } from "./block-sizes.ts";
import { blockGraph } from "./decoder-block.ts";

/** `forward` gives `y`; `lora` and `full` give `loss` and the gradients of `x` and of the LoRA matrices, or of all weights. */
export const BLOCK_WORKS = ["forward", "lora", "full"] as const;
export type BlockWork = (typeof BLOCK_WORKS)[number];

/** What decoder blocks to run, and how. */
export interface BlockRun {
  readonly sizes: BlockSizes;
  readonly work: BlockWork;
  readonly layers: number;
  readonly recompute: boolean;
  readonly threads: number;
  /** See `SessionOptions`. */
  readonly memoryPattern: boolean;
}

/** Decoder blocks in a session, with the tensors they run on. */
export class BlockSession implements AsyncDisposable {
  readonly #session: GraphSession;
  readonly #inputs: Readonly<Record<string, Tensor>>;
  readonly #outputs: Readonly<Record<string, FloatTensor>>;

  private constructor(session: GraphSession, tensors: ReadonlyMap<string, FloatTensor>) {
    this.#session = session;
    this.#inputs = Object.fromEntries([...session.inputs.keys()].map((name) => [name, present(tensors.get(name), name)]));
    this.#outputs = Object.fromEntries([...session.outputs.keys()].map((name) => [name, zeros(outputShape(name, tensors))]));
  }

  /**
   * Weights that are not trained are constants of the graph, as the `Embedder` has them; trained ones are inputs, as the `Trainer` has them.
   * @param tensors as `blockTensors` makes them.
   */
  static async open(run: BlockRun, tensors: ReadonlyMap<string, FloatTensor>): Promise<BlockSession> {
    const { threads, memoryPattern } = run;
    return new BlockSession(await GraphSession.create(graphOf(run, tensors), { threads, memoryPattern }), tensors);
  }

  /** Runs once. @returns its outputs, in the same memory at every run. */
  async run(): Promise<Readonly<Record<string, FloatTensor>>> {
    await this.#session.run(this.#inputs, this.#outputs);
    return this.#outputs;
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}

function graphOf({ sizes, work, layers, recompute }: BlockRun, tensors: ReadonlyMap<string, FloatTensor>): Graph {
  const named = (shapes: object): string[] =>
    Array.from({ length: layers }, (_, layer) => Object.keys(shapes).map((part) => weightName(layer, part))).flat();
  const base = named(blockWeights(sizes));
  const constants = new Map(work === "full" ? [] : base.map((name) => [name, present(tensors.get(name), name)]));
  const graph = blockGraph({
    sizes,
    layers,
    recompute,
    lora: work === "lora",
    output: work === "forward" ? "y" : "loss",
    constants,
  });
  if (work === "forward") return graph;
  return differentiate(graph, { losses: ["loss"], inputs: ["x", ...(work === "lora" ? named(loraWeights(sizes)) : base)] });
}

function outputShape(output: string, tensors: ReadonlyMap<string, FloatTensor>): readonly number[] {
  if (output === "loss") return [];
  if (output === "y") return present(tensors.get("x"), "x").shape;
  const input = [...tensors.keys()].find((name) => gradientName(name) === output);
  return present(tensors.get(present(input, output)), output).shape;
}
