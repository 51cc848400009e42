import { z } from "zod";
import { MMEB_DATASETS } from "../../data/mmeb/datasets.ts";
import { SWEEP_VIEWS, type SweepView } from "../../eval/sweep/sweep-report.ts";
import { RESOLUTIONS, type Resolution } from "../../eval/mmeb/image-resolution.ts";
import { parseConfig } from "../../files/parse-config.ts";
import type { FieldValues, JsonValue } from "./json-value.ts";

/** A way to train beside the grid. */
export interface SweepVariant {
  readonly name: string;
  readonly set: FieldValues;
}

/** Validation on the emoji benchmark. */
export interface EmojiSweepEvaluation {
  readonly bench: "emoji";
  /** Of each task. */
  readonly queries: number;
}

/** Validation on data in MMEB's layout. */
export interface MmebSweepEvaluation {
  readonly bench: "mmeb";
  /** Holds `<dataset>/test-*.parquet`; it is chosen by what lies here. */
  readonly data: string;
  readonly images: string;
  readonly datasets?: readonly string[] | undefined;
  readonly subset?: number | undefined;
  readonly prompts: "reference" | "model";
  readonly resolution: Resolution;
  /** What is only looked at when asked for: data that no choice was made on. */
  readonly test?: { readonly data: string; readonly images: string } | undefined;
}

/** A sweep: which recipes are trained, with which seeds, and how they are judged. Paths are relative to its file. */
export interface SweepDefinition {
  readonly name?: string | undefined;
  /** The recipe that every cell is a variation of. */
  readonly recipe: string;
  /** Set in every cell. */
  readonly set: FieldValues;
  /** By field, the values that are tried; every combination is a cell. */
  readonly vary: Readonly<Record<string, readonly [JsonValue, ...JsonValue[]]>>;
  /** Cells beside the combinations. */
  readonly variants: readonly SweepVariant[];
  /** Only so many of the combinations, drawn by that seed. */
  readonly random?: { readonly cells: number; readonly seed: number } | undefined;
  /** Every cell is trained with each: weights and data order follow from it. */
  readonly seeds: readonly [number, ...number[]];
  /** The cell that others are compared with: values of varied fields, or a variant's name; the first cell if not given. */
  readonly baseline?: string | FieldValues | undefined;
  /** The way of scoring that cells are compared and chosen by. */
  readonly view: SweepView;
  /** The recipe's own benchmark if not given: the emoji where it trains on them. */
  readonly evaluation?: EmojiSweepEvaluation | MmebSweepEvaluation | undefined;
}

const json: z.ZodType<JsonValue> = z.json();
const values = z.record(z.string().min(1), json);
const count = z.int().positive();
const dataset = z.enum(MMEB_DATASETS.map(({ name }) => name) as [string, ...string[]], "expected one of MMEB's 36 datasets");
const data = z.string().min(1).describe("Holds `<dataset>/test-*.parquet`, relative to this file.");
const images = z.string().min(1).describe("The root of its images, relative to this file: a folder, a .zip, or a folder of them.");

const VARIANT = z.strictObject({
  name: z.string().min(1).describe("What the table calls it."),
  set: values.describe("By dotted field, the values it has."),
});

const RANDOM = z.strictObject({
  cells: count.describe("Combinations that are drawn."),
  seed: z.int().min(0).default(0).describe("Of the draw."),
});

const EVALUATION = z.discriminatedUnion("bench", [
  z.strictObject({
    bench: z.literal("emoji").describe("The validation part of the emoji benchmark."),
    queries: count.default(60).describe("Queries of each task, at most."),
  }),
  z.strictObject({
    bench: z.literal("mmeb").describe("Data in the layout of MMEB's evaluation."),
    data,
    images,
    datasets: z.array(dataset).min(1).optional().describe("Only these; all that are there if not given."),
    subset: count.optional().describe("Only the first so many rows of each dataset."),
    prompts: z
      .enum(["reference", "model"])
      .default("reference")
      .describe("The reference's texts with the model's image token, or the model's own prompt template."),
    resolution: z.enum(RESOLUTIONS).default("native").describe("The size that images are brought to before the model's processor."),
    test: z.strictObject({ data, images }).optional().describe("Scored with --test, and only looked at: data that no choice was made on."),
  }),
]);

/** What a sweep's file may hold, with a sentence on every field: `recipes/sweeps/sweep.schema.json` is made of it. */
export const SWEEP_SCHEMA: z.ZodType<SweepDefinition & { readonly $schema?: string | undefined }> = z.strictObject({
  $schema: z.string().optional().describe("Where the JSON Schema of sweeps lies, for editors."),
  name: z.string().min(1).optional().describe("What the sweep is called."),
  recipe: z.string().min(1).describe("The recipe that every cell is a variation of, relative to this file."),
  set: values.default({}).describe("By dotted field (`model.paths.count`), values that are set in every cell."),
  vary: z
    .record(z.string().min(1), z.tuple([json], json))
    .default({})
    .describe("By dotted field, the values that are tried; every combination is a cell."),
  variants: z.array(VARIANT).default([]).describe("Cells beside the combinations, each with a name and its fields."),
  random: RANDOM.optional().describe("Only so many of the combinations, drawn by that seed."),
  seeds: z
    .tuple([z.int().min(0)], z.int().min(0))
    .default([0])
    .refine((seeds) => new Set(seeds).size === seeds.length, "expected each seed once")
    .describe("Every cell is trained with each."),
  baseline: z
    .union([z.string(), values])
    .optional()
    .describe("The cell that the others are compared with: values of varied fields, or a variant's name; the first cell if not given."),
  view: z.enum(SWEEP_VIEWS).default("aggregate").describe("The way of scoring that cells are compared and chosen by."),
  evaluation: EVALUATION.optional().describe(
    "What cells are scored on; the emoji benchmark's validation part if the recipe trains on the emoji.",
  ),
});

/** Checks a sweep's fields one by one and fills in the defaults. @throws {ConfigError} naming the field, what it is and what was expected. */
export function checkSweep(value: unknown, file: string): SweepDefinition {
  const { $schema: _, ...definition } = parseConfig(SWEEP_SCHEMA, value, { file });
  return definition;
}
