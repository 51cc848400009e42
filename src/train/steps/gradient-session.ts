import { differentiate, gradientName } from "../../engine/autodiff/differentiate.ts";
import type { Shape } from "../../engine/graph/dimension.ts";
import type { Graph } from "../../engine/graph/graph-builder.ts";
import { GraphSession } from "../../engine/runtime/graph-session.ts";
import { zeros, type FloatTensor, type Tensor } from "../../engine/tensor/tensor.ts";
import { present } from "../../errors/families.ts";
import type { NamedTensors } from "../optimizer/optimizer.ts";
import { inPrecision, type Precision } from "../precision/precision.ts";
import { stepSessionOptions } from "./step-session-options.ts";

/** What to differentiate a graph for. */
export interface GradientSessionOptions {
  /** Trainable weights; those that the graph does not have are left out. */
  readonly trainable: (name: string) => boolean;
  /** Outputs that are pulled back from a given gradient (GradCache) in place of the scalar `loss`: output to the input that holds it. */
  readonly seeds?: Readonly<Record<string, string>>;
  readonly threads?: number | undefined;
  /** float32 if not given. */
  readonly precision?: Precision | undefined;
  /** Where gradients are written, by weight: sessions that share it share their memory. Of its own if not given. */
  readonly memory?: Map<string, FloatTensor> | undefined;
}

/** Outputs of a run, gradients apart. */
export interface GradientResult {
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** By weight. Written into the same memory at every run of all sessions that share it: use them before the next. */
  readonly gradients: NamedTensors;
}

/** A graph with its backward pass, ready to run; its gradients' memory is allocated once. */
export class GradientSession {
  readonly #session: GraphSession;
  readonly #inputNames: ReadonlySet<string>;
  readonly #gradients: ReadonlyMap<string, FloatTensor>;

  private constructor(session: GraphSession, inputNames: ReadonlySet<string>, gradients: ReadonlyMap<string, FloatTensor>) {
    this.#session = session;
    this.#inputNames = inputNames;
    this.#gradients = gradients;
  }

  static async create(graph: Graph, { trainable, seeds, memory = new Map(), ...choice }: GradientSessionOptions): Promise<GradientSession> {
    const inputs = [...graph.inputs.keys()].filter(trainable);
    const backward = differentiate(graph, seeds === undefined ? { losses: ["loss"], inputs } : { seeds, inputs });
    const gradients = new Map(inputs.map((name) => [name, memoryFor(memory, name, present(graph.inputs.get(name), name).shape)]));
    const session = await GraphSession.create(inPrecision(backward, choice.precision ?? "float32"), stepSessionOptions(choice));
    return new GradientSession(session, new Set(backward.inputs.keys()), gradients);
  }

  /** Runs forward and backward. @param inputs the batch's. @param weights by name; those that the graph does not have are left out. */
  async run(inputs: Readonly<Record<string, Tensor>>, weights: NamedTensors): Promise<GradientResult> {
    const used = [...weights].filter(([name]) => this.#inputNames.has(name));
    const into = Object.fromEntries([...this.#gradients].map(([name, tensor]) => [gradientName(name), tensor]));
    const results = await this.#session.run({ ...inputs, ...Object.fromEntries(used) }, into);
    const outputs = Object.entries(results).filter(([name]) => into[name] === undefined);
    return { outputs: Object.fromEntries(outputs), gradients: this.#gradients };
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}

function memoryFor(memory: Map<string, FloatTensor>, name: string, shape: Shape): FloatTensor {
  const tensor = memory.get(name) ?? zeros(shape as readonly number[]);
  memory.set(name, tensor);
  return tensor;
}
