import { present } from "../../errors/families.ts";
import { dimensionKey, type Dimension } from "../graph/dimension.ts";
import type { Graph } from "../graph/graph-builder.ts";
import type { OperationName } from "../graph/operations.ts";
import type { Value } from "../graph/value.ts";
import { verifyGraph } from "../graph/verify.ts";
import { lowerPackedAttention } from "./lower-packed-attention.ts";
import { LOWERINGS, type Lowering } from "./lowerings.ts";
import { MICROSOFT, ONNX_TYPES, OnnxWriter } from "./onnx-writer.ts";
import { verifyModel } from "./verify-model.ts";
import { nameOutputs } from "./name-outputs.ts";
import { planInverseNorms } from "./inverse-norms.ts";
import { planPackedAttention } from "./packed-attention.ts";
import { encodeModel, type ModelProto, type ValueInfoProto } from "./protobuf.ts";

/** Version of the standard operators that graphs are lowered to. */
const OPSET = 23;

export interface LoweringOptions {
  /** The path by which the model names an external tensor's file; the file's own if not given. */
  readonly locate?: (file: string) => string;
}

/** A graph as ONNX. @throws {LoweringError} if a dimension cannot be known when the graph runs. */
export function lowerGraph(graph: Graph, { locate }: LoweringOptions = {}): ModelProto {
  verifyGraph(graph, "building");
  const writer = new OnnxWriter(graph.inputs, locate);
  const names = lowerValues(graph, writer);
  const output = nameOutputs(graph, writer, names);
  const model: ModelProto = {
    irVersion: 10,
    producerName: "polyvec",
    opsetImport: [
      { domain: "", version: OPSET },
      { domain: MICROSOFT, version: 1 },
    ],
    graph: {
      name: "graph",
      node: output,
      initializer: writer.initializers,
      input: [...graph.inputs].map(([name, value]) => valueInfo(name, value)),
      output: [...graph.outputs].map(([name, value]) => valueInfo(name, value)),
    },
  };
  verifyModel(model);
  return model;
}

/** A graph as the bytes of an .onnx file. */
export function lowerToBytes(graph: Graph, options: LoweringOptions = {}): Uint8Array {
  return encodeModel(lowerGraph(graph, options));
}

function lowerValues(graph: Graph, writer: OnnxWriter): Map<Value, string> {
  const names = new Map<Value, string>();
  const nameOf = (value: Value): string => present(names.get(value), "a lowered input");
  const { merged, absorbed } = planPackedAttention(graph);
  const { normOf, absorbed: recomputed } = planInverseNorms(graph);
  const inverseOf = (norm: Value): string => writer.shared(`inverse of ${norm.id}`, () => writer.anotherOutput(nameOf(norm)));
  for (const value of graph.values) {
    if (absorbed.has(value) || recomputed.has(value)) continue;
    const norm = normOf.get(value);
    if (norm !== undefined) {
      names.set(value, inverseOf(norm));
      continue;
    }
    const packed = merged.get(value);
    const lower = (): string => (packed === undefined ? lowerValue(value, writer, nameOf) : lowerPackedAttention(writer, packed, nameOf));
    names.set(value, writer.within(value.scope, lower));
  }
  return names;
}

function lowerValue(value: Value, writer: OnnxWriter, nameOf: (value: Value) => string): string {
  const lowering = LOWERINGS[value.operation] as Lowering<OperationName>;
  return lowering({
    writer,
    names: value.inputs.map(nameOf),
    inputs: value.inputs,
    attributes: value.attributes,
    shape: value.shape,
    dtype: value.dtype,
  });
}

function valueInfo(name: string, value: Value): ValueInfoProto {
  return { name, type: { tensorType: { elemType: ONNX_TYPES[value.dtype], shape: { dim: value.shape.map(dimensionInfo) } } } };
}

function dimensionInfo(dimension: Dimension): { dimValue?: number; dimParam?: string } {
  return typeof dimension === "number" ? { dimValue: dimension } : { dimParam: dimensionKey(dimension) };
}
