import { present } from "../../errors/families.ts";
import type { Graph, Value } from "../graph/value.ts";
import type { OnnxWriter } from "./onnx-writer.ts";
import type { NodeProto } from "./protobuf.ts";

/**
 * The nodes with the graph's outputs called by their names. The node that makes an output writes it directly: ONNX Runtime would copy it
 * otherwise. Only what no node makes (an input, a constant) or what has two names is copied.
 */
export function nameOutputs(graph: Graph, writer: OnnxWriter, names: ReadonlyMap<Value, string>): readonly NodeProto[] {
  const made = new Set(writer.nodes.flatMap(({ output }) => output));
  const renamed = new Map<string, string>();
  const copies: NodeProto[] = [];
  for (const [name, value] of graph.outputs) {
    const tensor = present(names.get(value), name);
    if (made.has(tensor) && !renamed.has(tensor)) renamed.set(tensor, name);
    else
      copies.push({
        input: [renamed.get(tensor) ?? tensor],
        output: [name],
        name: `output#${name}`,
        opType: "Identity",
        domain: "",
        attribute: [],
      });
  }
  const rename = (tensor: string): string => renamed.get(tensor) ?? tensor;
  return [...writer.nodes.map((node) => ({ ...node, input: node.input.map(rename), output: node.output.map(rename) })), ...copies];
}
