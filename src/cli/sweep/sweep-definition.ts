import { z } from "zod";
import { MMEB_DATASETS } from "../../data/mmeb/datasets.ts";
import { SWEEP_VIEWS, type SweepView } from "../../eval/sweep/sweep-report.ts";
import { RESOLUTIONS, type Resolution } from "../../eval/mmeb/image-resolution.ts";
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
const names: ReadonlySet<string> = new Set(MMEB_DATASETS.map(({ name }) => name));

/** What a sweep's file may hold. */
export const SWEEP_SCHEMA: z.ZodType<SweepDefinition> = z.strictObject({
  name: z.string().min(1).optional().describe("What the sweep is called."),
  recipe: z.string().min(1).describe("The recipe that every cell is a variation of, relative to this file."),
  set: values.default({}).describe("Fields that are set in every cell."),
  vary: z
    .record(z.string().min(1), z.tuple([json], json))
    .default({})
    .describe("By field, the values that are tried; every combination is a cell."),
  variants: z
    .array(z.strictObject({ name: z.string().min(1), set: values }))
    .default([])
    .describe("Cells beside the combinations, each with a name and its fields."),
  random: z
    .strictObject({ cells: count, seed: z.int().min(0).default(0) })
    .optional()
    .describe("Only so many of the combinations, drawn by that seed."),
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
  evaluation: z
    .discriminatedUnion("bench", [
      z.strictObject({ bench: z.literal("emoji"), queries: count.default(60) }),
      z.strictObject({
        bench: z.literal("mmeb"),
        data: z.string().min(1),
        images: z.string().min(1),
        datasets: z
          .array(z.string().refine((name) => names.has(name), "expected one of MMEB's 36 datasets"))
          .min(1)
          .optional(),
        subset: count.optional(),
        prompts: z.enum(["reference", "model"]).default("reference"),
        resolution: z.enum(RESOLUTIONS).default("native"),
        test: z.strictObject({ data: z.string().min(1), images: z.string().min(1) }).optional(),
      }),
    ])
    .optional()
    .describe("What cells are scored on; the emoji benchmark's validation part if the recipe trains on the emoji."),
});
