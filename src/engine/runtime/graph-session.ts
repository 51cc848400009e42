import type { Graph } from "../graph/value.ts";
import { compileGraph } from "./compile.ts";
import { CompiledSession, openCompiled } from "./compiled-session.ts";
import type { SessionOptions } from "./session.ts";

export type { SessionOptions, TensorMap } from "./session.ts";

/** A graph ready to run on ONNX Runtime, on this thread: a run blocks it. `WorkerSession` does not. */
export class GraphSession extends CompiledSession {
  /**
   * Lowers and compiles a graph.
   * @throws {DeviceError} if the device cannot be had. @throws {LoweringError} if it has no ONNX form.
   * @throws {WeightsError} if an external tensor's file is missing or too short.
   */
  static async create(graph: Graph, options: SessionOptions = {}): Promise<GraphSession> {
    return new GraphSession(await openCompiled(compileGraph(graph, options), options));
  }
}
