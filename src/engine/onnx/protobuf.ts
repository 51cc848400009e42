import protobuf from "protobufjs/light.js";

/** The messages of ONNX that we write, with their field numbers. @source onnx.proto3 of the ONNX specification, IR version 10. */
const SCHEMA: protobuf.INamespace = {
  nested: {
    ModelProto: message({
      irVersion: [1, "int64"],
      producerName: [2, "string"],
      graph: [7, "GraphProto"],
      opsetImport: [8, "OperatorSetIdProto", "repeated"],
    }),
    OperatorSetIdProto: message({ domain: [1, "string"], version: [2, "int64"] }),
    GraphProto: message({
      node: [1, "NodeProto", "repeated"],
      name: [2, "string"],
      initializer: [5, "TensorProto", "repeated"],
      input: [11, "ValueInfoProto", "repeated"],
      output: [12, "ValueInfoProto", "repeated"],
    }),
    NodeProto: message({
      input: [1, "string", "repeated"],
      output: [2, "string", "repeated"],
      name: [3, "string"],
      opType: [4, "string"],
      attribute: [5, "AttributeProto", "repeated"],
      domain: [7, "string"],
    }),
    AttributeProto: message({
      name: [1, "string"],
      f: [2, "float"],
      i: [3, "int64"],
      s: [4, "bytes"],
      t: [5, "TensorProto"],
      floats: [7, "float", "repeated"],
      ints: [8, "int64", "repeated"],
      type: [20, "int32"],
    }),
    TensorProto: message({
      dims: [1, "int64", "repeated"],
      dataType: [2, "int32"],
      name: [8, "string"],
      rawData: [9, "bytes"],
      externalData: [13, "StringStringEntryProto", "repeated"],
      dataLocation: [14, "int32"],
    }),
    StringStringEntryProto: message({ key: [1, "string"], value: [2, "string"] }),
    ValueInfoProto: message({ name: [1, "string"], type: [2, "TypeProto"] }),
    TypeProto: message({ tensorType: [1, "TensorTypeProto"] }),
    TensorTypeProto: message({ elemType: [1, "int32"], shape: [2, "TensorShapeProto"] }),
    TensorShapeProto: message({ dim: [1, "DimensionProto", "repeated"] }),
    DimensionProto: message({ dimValue: [1, "int64"], dimParam: [2, "string"] }),
  },
};

export interface AttributeProto {
  readonly name: string;
  readonly type: number;
  readonly f?: number;
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly ints?: readonly number[];
}

export interface NodeProto {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly attribute: readonly AttributeProto[];
}

export interface TensorProto {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly rawData?: Uint8Array;
  readonly externalData?: readonly { readonly key: string; readonly value: string }[];
  readonly dataLocation?: number;
}

export interface ValueInfoProto {
  readonly name: string;
  readonly type: {
    readonly tensorType: {
      readonly elemType: number;
      readonly shape: { readonly dim: readonly { readonly dimValue?: number; readonly dimParam?: string }[] };
    };
  };
}

export interface ModelProto {
  readonly irVersion: number;
  readonly producerName: string;
  readonly opsetImport: readonly { readonly domain: string; readonly version: number }[];
  readonly graph: {
    readonly name: string;
    readonly node: readonly NodeProto[];
    readonly initializer: readonly TensorProto[];
    readonly input: readonly ValueInfoProto[];
    readonly output: readonly ValueInfoProto[];
  };
}

/** The bytes of an .onnx file. */
export function encodeModel(model: ModelProto): Uint8Array {
  return modelType().encode(model).finish();
}

let cachedType: protobuf.Type | undefined;

function modelType(): protobuf.Type {
  cachedType ??= protobuf.Root.fromJSON(SCHEMA).lookupType("ModelProto");
  return cachedType;
}

type Field = readonly [number, string, "repeated"?];

function message(fields: Readonly<Record<string, Field>>): protobuf.IType {
  const entries = Object.entries(fields).map(([name, [id, type, rule]]) => [name, rule === undefined ? { id, type } : { id, type, rule }]);
  return { fields: Object.fromEntries(entries) as protobuf.IType["fields"] };
}
