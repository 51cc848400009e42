import type { AttributeProto, ModelProto, NodeProto, TensorProto, ValueInfoProto } from "./protobuf.ts";

/** A lowered graph as readable text, one line per initializer and node: `y#4 = FusedMatMul(x, w) {transB: 1}`. */
export function printModel({ graph }: ModelProto): string {
  const section = <T>(title: string, items: readonly T[], print: (item: T) => string): string[] => [
    title,
    ...items.map((item) => `  ${print(item)}`),
  ];
  return [
    ...section("inputs", graph.input, printInfo),
    ...section("initializers", graph.initializer, printTensor),
    ...section("nodes", graph.node, printNode),
    ...section("outputs", graph.output, printInfo),
  ].join("\n");
}

function printInfo({ name, type }: ValueInfoProto): string {
  const lengths = type.tensorType.shape.dim.map(({ dimValue, dimParam }) => dimParam ?? String(dimValue));
  return `${name}: ${typeName(type.tensorType.elemType)} [${lengths.join(", ")}]`;
}

function printTensor({ name, dims, dataType, rawData, externalData }: TensorProto): string {
  const place = externalData === undefined ? ` = ${printData(dataType, rawData)}` : " external";
  return `${name}: ${typeName(dataType)} [${dims.join(", ")}]${place}`;
}

function printNode({ input, output, opType, attribute }: NodeProto): string {
  const attributes = attribute.map((each) => `${each.name}: ${printAttribute(each)}`);
  const shown = attributes.length === 0 ? "" : ` {${attributes.join(", ")}}`;
  return `${output.join(", ")} = ${opType}(${input.map((name) => (name === "" ? "-" : name)).join(", ")})${shown}`;
}

function printAttribute({ f, i, s, ints }: AttributeProto): string {
  if (s !== undefined) return new TextDecoder().decode(s);
  if (ints !== undefined) return `[${ints.join(", ")}]`;
  return String(i ?? f);
}

function printData(dataType: number, data: Uint8Array | undefined): string {
  const numbers = numbersOf(dataType, (data ?? new Uint8Array()).slice().buffer);
  return numbers.length <= 8 ? numbers.join(", ") : `${numbers.slice(0, 6).join(", ")}, ...`;
}

function numbersOf(dataType: number, buffer: ArrayBuffer): readonly (number | bigint)[] {
  switch (dataType) {
    case 1:
      return [...new Float32Array(buffer)];
    case 6:
      return [...new Int32Array(buffer)];
    case 7:
      return [...new BigInt64Array(buffer)];
    default:
      return [...new Uint8Array(buffer)];
  }
}

function typeName(dataType: number): string {
  return { 1: "float32", 6: "int32", 7: "int64", 9: "bool", 10: "float16", 16: "bfloat16" }[dataType] ?? `type ${dataType}`;
}
