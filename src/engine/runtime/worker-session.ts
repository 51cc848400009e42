import type { Worker } from "node:worker_threads";
import {
  DeviceError,
  DisposedError,
  GraphError,
  InvariantError,
  LoweringError,
  present,
  ShapeError,
  WeightsError,
} from "../../errors/families.ts";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import type { Signature } from "../graph/infer.ts";
import type { Graph } from "../graph/value.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkTensors } from "./check-tensors.ts";
import { compileGraph } from "./compile.ts";
import type { CompiledGraph } from "./compiled-graph.ts";
import { guardExit, RunGate, unguardExit } from "./run-gate.ts";
import { startWorker } from "./start-worker.ts";
import type { Session, SessionOptions, TensorMap } from "./session.ts";
import { buffersOf, detached, type SentError, type WorkerReply, type WorkerRequest } from "./worker-messages.ts";

/** Options of one run on another thread. */
export interface WorkerRunOptions {
  /** Inputs whose memory is handed over rather than copied: their arrays are empty afterwards. */
  readonly transfer?: readonly string[];
}

type Request = WorkerRequest extends infer R ? (R extends WorkerRequest ? Omit<R, "id"> : never) : never;

interface Waiting {
  readonly resolve: (outputs: TensorMap) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A session on a thread of its own: the event loop stays free while the graph runs. Same face as `GraphSession`. Inputs are copied
 * to the thread (or handed over, by option), outputs are handed back without a copy. Runs are done one after another.
 * The thread is never ended from outside, which would abort the process if a run were under way: `dispose` waits, and the thread ends itself; where the
 * process is to exit, its end waits for the run, a minute at most.
 * It does not keep the process alive unless a run is under way.
 */
export class WorkerSession implements Session {
  readonly inputs: ReadonlyMap<string, Signature>;
  readonly outputs: ReadonlyMap<string, Signature>;
  readonly #worker: Worker;
  readonly #gate = new RunGate();
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;
  #disposal: Promise<void> | undefined;
  #failure: InvariantError | undefined;
  #end: () => void = () => undefined;
  readonly #ended = new Promise<void>((resolve) => (this.#end = resolve));

  private constructor(compiled: CompiledGraph, worker: Worker) {
    this.inputs = compiled.inputs;
    this.outputs = compiled.outputs;
    this.#worker = worker;
    worker.on("message", (reply: WorkerReply) => this.#settle(reply));
    worker.on("error", (error) => this.#fail(error));
    worker.on("exit", () => {
      unguardExit(this.#gate);
      this.#end();
    });
    worker.unref();
    guardExit(this.#gate);
  }

  /** Lowers a graph here and compiles it on a new thread. @throws as `GraphSession.create`. */
  static async create(graph: Graph, options: SessionOptions = {}): Promise<WorkerSession> {
    const compiled = compileGraph(graph, options);
    const session = new WorkerSession(compiled, startWorker());
    try {
      await session.#ask({ kind: "open", compiled, options, gate: session.#gate.memory }, [compiled.bytes.buffer as ArrayBuffer]);
      return session;
    } catch (error) {
      await session.dispose();
      throw error;
    }
  }

  /**
   * Runs the graph on the session's thread. Outputs named in `into` are copied into the given tensors.
   * @throws {ShapeError} if a tensor is missing or does not fit. @throws {DisposedError} after `dispose`.
   * @throws {GraphError} if an operation fails, such as a gather beyond its table.
   */
  async run(inputs: TensorMap, into: TensorMap = {}, { transfer = [] }: WorkerRunOptions = {}): Promise<Record<string, Tensor>> {
    if (this.#disposal !== undefined) throw disposed();
    checkTensors(this, inputs, into);
    const sent = Object.fromEntries([...this.inputs.keys()].map((name) => [name, detached(present(inputs[name], name))]));
    const handed = transfer.flatMap((name) => sent[name] ?? []);
    const outputs = await this.#ask({ kind: "run", inputs: sent }, buffersOf(handed));
    return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, copyInto(into[name], tensor)]));
  }

  /** Waits for runs under way, frees the session and lets its thread end. May be called again. */
  async dispose(): Promise<void> {
    this.#disposal ??= this.#close();
    await this.#disposal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #close(): Promise<void> {
    if (this.#failure === undefined) await this.#ask({ kind: "dispose" }, []);
    await this.#ended;
  }

  async #ask(request: Request, transfer: readonly ArrayBuffer[]): Promise<TensorMap> {
    if (this.#failure !== undefined) throw this.#failure;
    const id = this.#count++;
    this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ ...request, id }, transfer);
    });
  }

  #settle(reply: WorkerReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0 && this.#disposal === undefined) this.#worker.unref();
    if (reply.kind === "done") waiting?.resolve(reply.outputs);
    else waiting?.reject(rebuilt(reply.error));
  }

  /** The thread broke down; it ends by itself. */
  #fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#failure = new InvariantError({ message: `the session's thread broke down: ${message}`, cause: error });
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}

function copyInto(target: Tensor | undefined, source: Tensor): Tensor {
  if (target === undefined) return source;
  (target.data as Float32Array).set(source.data as Float32Array); // both were checked to be of the output's type
  return target;
}

function disposed(): DisposedError {
  return new DisposedError({ message: "the session was disposed; create a new one", details: { resource: "session" } });
}

const FAMILIES = { shape: ShapeError, graph: GraphError, lowering: LoweringError, weights: WeightsError, device: DeviceError, disposed: DisposedError, invariant: InvariantError } as const; // prettier-ignore

function rebuilt({ code, message, details }: SentError): PolyvecError {
  const family = Object.hasOwn(FAMILIES, code) ? FAMILIES[code as keyof typeof FAMILIES] : undefined;
  return family === undefined ? new PolyvecError(code, { message, details }) : new family({ message, details });
}
