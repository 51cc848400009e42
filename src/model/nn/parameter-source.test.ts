import { expect, test } from "vitest";
import { GraphBuilder } from "../../engine/graph/graph-builder.ts";
import { floatTensor } from "../../engine/tensor/tensor.ts";
import { Parameters, type ParameterPlace } from "./parameter-source.ts";

test("a name is one value, however often it is asked for", () => {
  const parameters = new Parameters(new GraphBuilder());
  expect(parameters.parameter("a", [2])).toBe(parameters.parameter("a", [2]));
  expect(parameters.parameter("b", [2])).not.toBe(parameters.parameter("a", [2]));
  expect([...parameters.shapes]).toEqual([["a", [2]], ["b", [2]]]); // prettier-ignore
});

test("each weight lies where its name says", () => {
  const places: Record<string, ParameterPlace> = {
    fed: { kind: "input" },
    stored: { kind: "constant", tensor: floatTensor([1], [3]) },
    onDisk: { kind: "external", data: { file: "model.safetensors", byteOffset: 64, byteLength: 4 } },
  };
  const parameters = new Parameters(new GraphBuilder(), { place: (name) => places[name] as ParameterPlace });
  const operations = Object.keys(places).map((name) => parameters.parameter(name, [1]).operation);
  expect(operations).toEqual(["input", "constant", "external"]);
});
