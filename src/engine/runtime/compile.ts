import { bindGraph } from "../graph/bind-graph.ts";
import type { Signature } from "../graph/infer.ts";
import type { Graph, Value } from "../graph/value.ts";
import { lowerToBytes } from "../onnx/lower.ts";
import { findExternalFiles } from "./external-files.ts";
import type { SessionOptions } from "./session.ts";

/** A graph as ONNX Runtime takes it, with what callers need to know of it. Plain data: it can be sent to another thread. */
export interface CompiledGraph {
  readonly bytes: Uint8Array;
  readonly inputs: ReadonlyMap<string, Signature>;
  readonly outputs: ReadonlyMap<string, Signature>;
  /** Where the files of its external tensors lie. */
  readonly externalFolder: string | undefined;
}

/** Lowers a graph. @throws {LoweringError} as `lowerGraph`. @throws {WeightsError} if an external tensor's file is missing or too short. */
export function compileGraph(source: Graph, { bindings }: SessionOptions): CompiledGraph {
  const graph = bindings === undefined ? source : bindGraph(source, bindings);
  const files = findExternalFiles(graph);
  return {
    bytes: lowerToBytes(graph, files === undefined ? {} : { locate: files.locate }),
    inputs: signaturesOf(graph.inputs),
    outputs: signaturesOf(graph.outputs),
    externalFolder: files?.folder,
  };
}

function signaturesOf(values: ReadonlyMap<string, Value>): Map<string, Signature> {
  return new Map([...values].map(([name, { dtype, shape }]) => [name, { dtype, shape }]));
}
