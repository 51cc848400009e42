import { z } from "zod";
import { ConfigError } from "../../errors/families.ts";
import { parseConfig } from "../../files/parse-config.ts";
import type { PromptTemplate } from "../multimodal/prompt.ts";
import { SINGLE_PATH, type PathConfig, type PathTopology } from "../paths/path-config.ts";

/** `polyvec.json`: what turns a backbone into an embedding model. In the file, names are snake_case like those of the files beside it. */
export interface PolyvecConfig {
  /** The `model_type` of the backbone's `config.json`; not in that of a plain backbone. */
  readonly backbone?: string;
  readonly paths: PathConfig;
  /** Lengths to which embeddings may be cut because the model was trained for it, ascending; empty if it was not. */
  readonly matryoshkaDimensions: readonly number[];
  /** How an input is laid out as text; as the backbone usually has it if not given. */
  readonly prompts?: PromptTemplate;
  /** Instructions that the model was trained with, by what they are for, such as those of {@link SEARCH_INSTRUCTIONS}. */
  readonly instructions: Readonly<Record<string, string>>;
  /** The most tokens of one input, image included; longer texts are cut. The model's `maxPositions` if not given. */
  readonly maxTokens?: number;
  /** Where the backbone's weights lie if they are not in the folder: a path, relative to the folder, or a name. */
  readonly base?: string;
  /** How the model came to be: recipe, seed, steps, data, scores. Any JSON. */
  readonly provenance: Readonly<Record<string, unknown>>;
}

/** The configuration of a plain backbone: one path, no prefix. */
export const PLAIN_BACKBONE: PolyvecConfig = {
  paths: SINGLE_PATH,
  matryoshkaDimensions: [],
  instructions: {},
  provenance: {},
};

/** Keys of `instructions` that a search looks up: for a query of text, of an image, of both, and for the images that are searched. */
export const SEARCH_INSTRUCTIONS = {
  text: "text-to-image",
  image: "image-to-image",
  both: "image-and-text-to-image",
  target: "target-image",
} as const;

const count = z.int().positive();
const topologySchema = z.union([
  z.strictObject({ kind: z.literal("parallel") }),
  z.strictObject({ kind: z.literal("branchLayer"), layer: z.int().nonnegative() }),
  z.strictObject({ kind: z.literal("shared"), readout_tokens: count }),
]);
const polyvecSchema = z.strictObject({
  format: z.literal("polyvec-model"),
  version: z.literal(1),
  backbone: z.string(),
  paths: z.strictObject({
    count,
    prefix_length: z.int().nonnegative(),
    topology: topologySchema,
    aggregation: z.enum(["mean", "gate"]),
  }),
  matryoshka_dimensions: z.array(count).default([]),
  prompts: z.strictObject({ image: z.string(), instruction: z.string(), text: z.string(), end: z.string(), answer: z.string() }).optional(),
  instructions: z.record(z.string(), z.string()).default({}),
  max_tokens: count.optional(),
  base: z.string().min(1).optional(),
  provenance: z.record(z.string(), z.unknown()).default({}),
});
type RawPolyvec = z.output<typeof polyvecSchema>;

/** Parses the content of a `polyvec.json`. @throws {ConfigError} naming file, field, what is there and what was expected. */
export function parsePolyvecConfig(value: unknown, { file }: { file: string }): PolyvecConfig {
  const raw = parseConfig(polyvecSchema, value, { file });
  const { count: paths, prefix_length: prefixLength } = raw.paths;
  if (paths > 1 && prefixLength === 0 && raw.paths.topology.kind !== "shared") {
    const field = "paths.prefix_length";
    const message = `${file}: ${field} is 0 with ${paths} paths, which would all be equal; expected at least 1`;
    throw new ConfigError({ message, details: { file, field, got: 0, expected: "at least 1" } });
  }
  return {
    backbone: raw.backbone,
    paths: { count: paths, prefixLength, topology: toTopology(raw.paths.topology), aggregation: raw.paths.aggregation },
    matryoshkaDimensions: raw.matryoshka_dimensions.toSorted((a, b) => a - b),
    ...(raw.prompts === undefined ? {} : { prompts: raw.prompts }),
    instructions: raw.instructions,
    ...(raw.max_tokens === undefined ? {} : { maxTokens: raw.max_tokens }),
    ...(raw.base === undefined ? {} : { base: raw.base }),
    provenance: raw.provenance,
  };
}

/** The content of the `polyvec.json` that {@link parsePolyvecConfig} reads. */
export function toPolyvecJson(config: PolyvecConfig): Readonly<Record<string, unknown>> {
  const { count: paths, prefixLength, topology, aggregation } = config.paths;
  return {
    format: "polyvec-model",
    version: 1,
    backbone: config.backbone,
    paths: { count: paths, prefix_length: prefixLength, topology: toRawTopology(topology), aggregation },
    matryoshka_dimensions: [...config.matryoshkaDimensions],
    prompts: config.prompts === undefined ? undefined : { ...config.prompts },
    instructions: { ...config.instructions },
    max_tokens: config.maxTokens,
    base: config.base,
    provenance: { ...config.provenance },
  };
}

function toTopology(raw: RawPolyvec["paths"]["topology"]): PathTopology {
  return raw.kind === "shared" ? { kind: "shared", readoutTokens: raw.readout_tokens } : raw;
}

function toRawTopology(topology: PathTopology): RawPolyvec["paths"]["topology"] {
  return topology.kind === "shared" ? { kind: "shared", readout_tokens: topology.readoutTokens } : topology;
}
