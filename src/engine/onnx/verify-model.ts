import { LoweringError } from "../../errors/families.ts";
import type { ModelProto, NodeProto } from "./protobuf.ts";

/** Checks a lowered graph: every name is made once and before it is used, and all outputs are made. @throws {LoweringError} naming the node. */
export function verifyModel({ graph }: ModelProto): void {
  const made = new Set<string>();
  const make = (name: string, by: string): void => {
    if (made.has(name)) fail(`two tensors are called "${name}"; rename the input or external tensor of that name`, by);
    made.add(name);
  };
  for (const { name } of graph.input) make(name, "an input");
  for (const { name } of graph.initializer) make(name, "an initializer");
  for (const node of graph.node) {
    const unknown = node.input.find((name) => name !== "" && !made.has(name));
    if (unknown !== undefined) fail(`it reads "${unknown}" before anything makes it`, describe(node));
    for (const name of node.output) make(name, describe(node));
  }
  for (const { name } of graph.output) if (!made.has(name)) fail("nothing makes it", `the output "${name}"`);
}

function describe({ name, opType }: NodeProto): string {
  return `the node ${name} (${opType})`;
}

function fail(problem: string, node: string): never {
  throw new LoweringError({ message: `the lowered graph is broken at ${node}: ${problem}`, details: { node } });
}
