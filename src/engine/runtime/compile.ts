import { bindGraph } from "../graph/bind-graph.ts";
import type { Signature } from "../graph/infer.ts";
import type { Graph, Value } from "../graph/value.ts";
import { lowerToBytes } from "../onnx/lower.ts";
import { tensorType } from "../tensor/tensor.ts";
import type { CompiledGraph } from "./compiled-graph.ts";
import { fitHalves } from "./fit-halves.ts";
import { findExternalFiles } from "./external-files.ts";
import type { SessionOptions } from "./session.ts";

/** Lowers a graph. @throws {DeviceError} if the device lacks a type of its values. @throws {LoweringError} as `lowerGraph`. @throws {WeightsError} if an external tensor's file is missing or too short. */
export function compileGraph(source: Graph, { bindings, device = "cpu" }: SessionOptions): CompiledGraph {
  const graph = fitHalves(bindings === undefined ? source : bindGraph(source, bindings), device);
  const files = findExternalFiles(graph);
  return {
    bytes: lowerToBytes(graph, files === undefined ? {} : { locate: files.locate }),
    inputs: signaturesOf(graph.inputs),
    outputs: signaturesOf(graph.outputs),
    externalFolder: files?.folder,
  };
}

function signaturesOf(values: ReadonlyMap<string, Value>): Map<string, Signature> {
  return new Map([...values].map(([name, { dtype, shape }]) => [name, { dtype: tensorType(dtype), shape }]));
}
