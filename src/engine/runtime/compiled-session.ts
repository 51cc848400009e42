import type * as ort from "onnxruntime-node";
import { DisposedError, GraphError, LoweringError, present } from "../../errors/families.ts";
import type { Signature } from "../graph/infer.ts";
import { tensorOf, tensorType, type Tensor, type TensorData } from "../tensor/tensor.ts";
import { checkTensors } from "./check-tensors.ts";
import type { CompiledGraph } from "./compiled-graph.ts";
import { deviceError } from "./device.ts";
import { loadRuntime, type Runtime } from "./onnx-runtime.ts";
import { runtimeOptions } from "./runtime-options.ts";
import type { Session, SessionOptions, TensorMap } from "./session.ts";

/** A compiled graph in ONNX Runtime's hands. */
export interface OpenedGraph {
  readonly compiled: CompiledGraph;
  readonly runtime: Runtime;
  readonly session: ort.InferenceSession;
}

/** Hands a compiled graph to ONNX Runtime. @throws {DeviceError} if the device cannot be had. @throws {LoweringError} if it does not take the graph. */
export async function openCompiled(compiled: CompiledGraph, options: SessionOptions): Promise<OpenedGraph> {
  const runtime = await loadRuntime();
  try {
    return {
      compiled,
      runtime,
      session: await runtime.InferenceSession.create(compiled.bytes, runtimeOptions(options, compiled.externalFolder)),
    };
  } catch (error) {
    if (options.device !== undefined && options.device !== "cpu") throw deviceError(options.device, error, runtime.listSupportedBackends());
    throw new LoweringError({ message: `ONNX Runtime does not take the graph: ${messageOf(error)}`, cause: error });
  }
}

/** A compiled graph, run on this thread. */
export class CompiledSession implements Session {
  readonly inputs: ReadonlyMap<string, Signature>;
  readonly outputs: ReadonlyMap<string, Signature>;
  readonly #runtime: Runtime;
  readonly #pending = new Set<Promise<unknown>>();
  #session: ort.InferenceSession | undefined;
  #disposal: Promise<void> | undefined;

  constructor({ compiled, runtime, session }: OpenedGraph) {
    this.inputs = compiled.inputs;
    this.outputs = compiled.outputs;
    this.#session = session;
    this.#runtime = runtime;
  }

  /**
   * Runs the graph. Inputs are read in place; outputs named in `into` are written into the given tensors, the others are new.
   * @throws {ShapeError} if a tensor is missing or does not fit. @throws {DisposedError} after `dispose`.
   * @throws {GraphError} if an operation fails, such as a gather beyond its table.
   */
  async run(inputs: TensorMap, into: TensorMap = {}): Promise<Record<string, Tensor>> {
    const session = this.#session;
    if (session === undefined)
      throw new DisposedError({ message: "the session was disposed; create a new one", details: { resource: "session" } });
    checkTensors(this, inputs, into);
    const running = this.#run(session, inputs, into);
    this.#pending.add(running);
    try {
      return await running;
    } finally {
      this.#pending.delete(running);
    }
  }

  /** Waits for runs under way and frees the session. May be called again. */
  async dispose(): Promise<void> {
    this.#disposal ??= this.#release();
    await this.#disposal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #release(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await Promise.allSettled(this.#pending);
    session?.endProfiling();
    await session?.release();
  }

  async #run(session: ort.InferenceSession, inputs: TensorMap, into: TensorMap): Promise<Record<string, Tensor>> {
    const feeds = Object.fromEntries([...this.inputs.keys()].map((name) => [name, this.#toRuntime(present(inputs[name], name))]));
    const fetches = Object.fromEntries(
      [...this.outputs.keys()].map((name) => [name, into[name] === undefined ? null : this.#toRuntime(into[name])]),
    );
    const results = await settle(session, feeds, fetches);
    const toTensor = (name: string, { dtype }: Signature): Tensor => {
      const { dims, data } = present(results[name], name);
      return tensorOf(tensorType(dtype), dims, data as TensorData);
    };
    return Object.fromEntries([...this.outputs].map(([name, signature]) => [name, into[name] ?? toTensor(name, signature)]));
  }

  #toRuntime(tensor: Tensor): ort.Tensor {
    return new this.#runtime.Tensor(tensor.dtype, tensor.data as Float32Array, tensor.shape);
  }
}

type Feeds = Readonly<Record<string, ort.Tensor>>;

async function settle(session: ort.InferenceSession, feeds: Feeds, fetches: Readonly<Record<string, ort.Tensor | null>>): Promise<Feeds> {
  try {
    return await session.run(feeds, fetches);
  } catch (error) {
    throw new GraphError({ message: `the graph cannot be run on these inputs: ${messageOf(error)}`, cause: error });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
