import protobuf from "protobufjs/light.js";

/** The messages of TensorBoard that we write, with their field numbers. @source event.proto, summary.proto and tensor.proto of TensorBoard. */
const SCHEMA: protobuf.INamespace = {
  nested: {
    Event: {
      fields: {
        wallTime: { id: 1, type: "double" },
        step: { id: 2, type: "int64" },
        fileVersion: { id: 3, type: "string" },
        summary: { id: 5, type: "Summary" },
        sessionLog: { id: 7, type: "SessionLog" },
      },
    },
    Summary: { fields: { value: { id: 1, type: "Value", rule: "repeated" } } },
    Value: {
      oneofs: { value: { oneof: ["simpleValue", "tensor"] } }, // so that a 0 is written too
      fields: {
        tag: { id: 1, type: "string" },
        simpleValue: { id: 2, type: "float" },
        tensor: { id: 8, type: "Tensor" },
        metadata: { id: 9, type: "Metadata" },
      },
    },
    Tensor: {
      fields: {
        dtype: { id: 1, type: "int32" },
        tensorShape: { id: 2, type: "Shape" },
        stringVal: { id: 8, type: "bytes", rule: "repeated" },
      },
    },
    Shape: { fields: { dim: { id: 2, type: "Dimension", rule: "repeated" } } },
    Dimension: { fields: { size: { id: 1, type: "int64" } } },
    Metadata: { fields: { pluginData: { id: 1, type: "PluginData" }, dataClass: { id: 4, type: "int32" } } },
    PluginData: { fields: { pluginName: { id: 1, type: "string" } } },
    SessionLog: { fields: { status: { id: 1, type: "int32" } } },
  },
};

/** What an event tells beside its step. */
export interface EventContent {
  /** The first event of a file says how it is to be read. */
  readonly fileVersion?: string;
  /** Numbers by tag: a curve each. */
  readonly scalars?: Readonly<Record<string, number>>;
  /** Markdown by tag. */
  readonly texts?: Readonly<Record<string, string>>;
  /** What earlier files tell of this step and later ones does not count any more: a run was resumed. */
  readonly isRestart?: boolean;
}

/** An event of TensorBoard. */
export interface BoardEvent extends EventContent {
  /** Steps done. */
  readonly step: number;
  /** Seconds since 1970. */
  readonly wallTime: number;
}

/** @source types.proto, DT_STRING; summary.proto, DATA_CLASS_TENSOR; event.proto, SessionLog.START. */
const [STRING, TENSOR_CLASS, SESSION_START] = [7, 2, 1] as const;

/** The bytes of an event. */
export function encodeEvent({ step, wallTime, fileVersion, scalars = {}, texts = {}, isRestart = false }: BoardEvent): Uint8Array {
  const value = [
    ...Object.entries(scalars).map(([tag, simpleValue]) => ({ tag, simpleValue })),
    ...Object.entries(texts).map(([tag, text]) => textValue(tag, text)),
  ];
  const content = {
    ...(fileVersion !== undefined && { fileVersion }),
    ...(value.length > 0 && { summary: { value } }),
    ...(isRestart && { sessionLog: { status: SESSION_START } }),
  };
  return eventType()
    .encode({ wallTime, step, ...content })
    .finish();
}

function textValue(tag: string, text: string): object {
  return {
    tag,
    tensor: { dtype: STRING, tensorShape: { dim: [{ size: 1 }] }, stringVal: [Buffer.from(text)] },
    metadata: { pluginData: { pluginName: "text" }, dataClass: TENSOR_CLASS },
  };
}

let cachedType: protobuf.Type | undefined;

function eventType(): protobuf.Type {
  cachedType ??= protobuf.Root.fromJSON(SCHEMA).lookupType("Event");
  return cachedType;
}
