import { formatTable } from "../terminal/table.ts";
import type { ModelDescription } from "./describe-model.ts";
import type { WeightsDescription } from "./describe-weights.ts";
import { formatBytes, formatCount } from "./format-numbers.ts";

const LABEL_AND_TEXT = [{ title: "" }, { title: "" }] as const;
const NUMBER = "right";

/** A model's description as text for people. */
export function printModel(model: ModelDescription): string {
  return [
    model.path,
    formatTable(LABEL_AND_TEXT, factsOf(model)),
    formatTable(
      [{ title: "part" }, { title: "parameters", align: NUMBER }, { title: "on disk", align: NUMBER }, { title: "stored as" }],
      model.parts.map(({ part, parameters, bytes, dtypes }) => [part, formatCount(parameters), formatBytes(bytes), dtypes.join(", ")]),
    ),
    formatTable([{ title: "prompt part" }, { title: "layout" }], quoted(model.prompts)),
    ...(Object.keys(model.instructions).length === 0
      ? []
      : [formatTable([{ title: "instruction for" }, { title: "wording" }], quoted(model.instructions))]),
    formatTable(
      [{ title: "file" }, { title: "size", align: NUMBER }],
      model.files.map(({ name, bytes }) => [name, formatBytes(bytes)]),
    ),
    ...(Object.keys(model.provenance).length === 0
      ? []
      : [formatTable([{ title: "provenance" }, { title: "value" }], flat(model.provenance))]),
    ...(model.scores === null ? [] : [model.scores]),
  ].join("\n\n");
}

function factsOf(model: ModelDescription): [string, string][] {
  const { decoder, vision, paths, lora, base, matryoshkaDimensions } = model;
  const cuts = matryoshkaDimensions.length === 0 ? "" : `, may be cut to ${matryoshkaDimensions.join(", ")}`;
  return [
    ["backbone", model.backbone],
    ...(base === null ? [] : [["base", base] as [string, string]]),
    ["parameters", formatCount(model.parameters)],
    ["decoder", `${decoder.layers} layers of width ${decoder.width}, ${decoder.heads} heads, ${decoder.keyValueHeads} for keys and values`],
    [
      "vision tower",
      `${vision.layers} layers of width ${vision.width}, patches of ${vision.patchSize} px, images up to ${formatCount(vision.maxPixels)} px`,
    ],
    ["text", `vocabulary of ${model.vocabulary}, up to ${model.maxTokens} tokens`],
    ["paths", describePaths(paths)],
    ["dimensions", `${model.dimensions}${cuts}`],
    ...(lora === null
      ? []
      : [
          [
            "adapter",
            `${lora?.dora === true ? "DoRA" : "LoRA"} of rank ${lora?.rank}, alpha ${lora?.alpha}, on ${lora?.targetModules.join(", ")}`,
          ] as [string, string],
        ]),
    ...(model.unused.length === 0 ? [] : [["not used", model.unused.join(", ")] as [string, string]]),
  ];
}

function describePaths({ count, prefixLength, topology, aggregation }: ModelDescription["paths"]): string {
  if (count === 1 && prefixLength === 0 && topology.kind !== "shared") return "1, without prefix (SSC)";
  const where = {
    parallel: "parallel from the first layer",
    branchLayer: `parallel from layer ${topology.kind === "branchLayer" ? topology.layer : 0}`,
    shared: `shared, ${topology.kind === "shared" ? topology.readoutTokens : 0} readout tokens each`,
  }[topology.kind];
  return `${count}, prefix of ${prefixLength}, ${where}, aggregation by ${aggregation}`;
}

function quoted(record: object): [string, string][] {
  return Object.entries(record).map(([name, text]) => [name, JSON.stringify(text)]);
}

/** Nested values as dotted names; long lists and texts are cut. */
function flat(record: Readonly<Record<string, unknown>>, prefix = ""): [string, string][] {
  return Object.entries(record).flatMap(([name, value]): [string, string][] => {
    const isNested = typeof value === "object" && value !== null && !Array.isArray(value);
    if (isNested) return flat(value as Readonly<Record<string, unknown>>, `${prefix}${name}.`);
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return [[`${prefix}${name}`, text.length > 80 ? `${text.slice(0, 77)}...` : text]];
  });
}

/** A file of weights as text for people. */
export function printWeights({ file, parameters, bytes, metadata, tensors }: WeightsDescription): string {
  const facts = [["tensors", String(tensors.length)], ["numbers", formatCount(parameters)], ["size", formatBytes(bytes)], ...Object.entries(metadata)]; // prettier-ignore
  return [
    file,
    formatTable(LABEL_AND_TEXT, facts),
    formatTable(
      [{ title: "tensor" }, { title: "stored as" }, { title: "shape" }, { title: "size", align: NUMBER }],
      tensors.map((tensor) => [tensor.name, tensor.dtype, `[${tensor.shape.join(", ")}]`, formatBytes(tensor.bytes)]),
    ),
  ].join("\n\n");
}
