import { z } from "zod";
import { parseConfig } from "../../files/parse-config.ts";
import type { Recipe } from "./recipe-types.ts";

const count = z.int().positive();
const share = z.number().min(0).max(1);
const positive = z.number().positive();

const TOPOLOGY = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("parallel") }),
  z.strictObject({ kind: z.literal("branchLayer"), layer: z.int().min(0) }),
  z.strictObject({ kind: z.literal("shared"), readoutTokens: count }),
]);

const PATHS = z.strictObject({
  count: count.default(1),
  prefixLength: z.int().min(0).default(0),
  topology: TOPOLOGY.default({ kind: "parallel" }),
  aggregation: z.enum(["mean", "gate"]).default("mean"),
  prefixScale: z.union([positive, z.literal("calibrated")]).default("calibrated"),
  targetCosine: share.default(0.8),
});

const LORA = z.strictObject({
  rank: count,
  alpha: positive,
  targetModules: z.array(z.string()).min(1).default(["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]),
  rankStabilized: z.boolean().default(false),
});

const MODEL = z.strictObject({
  base: z.string().optional(),
  config: z.record(z.string(), z.unknown()).optional(),
  vocabularySize: count.optional(),
  imageSize: z.strictObject({ minimum: count, maximum: count }).optional(),
  maxTokens: count.default(96),
  paths: PATHS.prefault({}),
  lora: LORA.optional(),
  freeze: z.array(z.enum(["vision", "decoder", "embeddings"])).default([]),
});

const DATA = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("emoji-pretraining"),
    batchSize: count,
    augment: z.boolean().default(true),
    captionShare: share.default(0.5),
    iconShare: share.default(0.35),
    canvasShare: share.default(0.25),
    taskShare: share.default(0),
    contrastiveTasks: z
      .array(z.enum(["image-to-image", "image-to-text", "text-to-image"]))
      .min(1)
      .optional(),
  }),
  z.strictObject({
    kind: z.literal("emoji-tasks"),
    batchSize: count,
    augment: z.boolean().default(true),
    mixture: z.record(z.string(), z.number().min(0)).optional(),
  }),
]);

const REGULARISER = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  z.strictObject({ kind: z.literal("orthogonality"), centred: z.boolean().default(true) }),
  z.strictObject({
    kind: z.literal("vclub"),
    pairs: z.enum(["ordered", "unordered"]).default("unordered"),
    hiddenWidth: count.default(64),
    learningRate: positive.default(2e-3),
    innerSteps: count.default(1),
  }),
]);

const OBJECTIVE = z.strictObject({
  temperature: positive.default(0.05),
  pathWeight: z.number().min(0).default(1),
  regulariser: REGULARISER.default({ kind: "none" }),
  regulariserWeight: z.number().min(0).default(0.05),
  regulariserWarmUpSteps: z.int().min(0).default(40),
  symmetric: z.boolean().default(false),
  languageWeight: positive.default(1),
});

const OPTIMIZER = z.strictObject({
  kind: z.enum(["adamw", "muon"]).default("adamw"),
  learningRate: positive,
  adamShare: positive.default(0.05),
  weightDecay: z.number().min(0).default(0.01),
  betas: z.tuple([share, share]).default([0.9, 0.98]),
  warmUpSteps: z.int().min(0).default(0),
  decay: z.enum(["constant", "linear", "cosine"]).default("cosine"),
  clipNorm: positive.default(1),
  pathLearningRateMultiplier: positive.default(3),
});
const RECIPE = z.strictObject({
  name: z.string().min(1),
  seed: z.int().min(0).default(0),
  model: MODEL,
  data: DATA,
  objective: OBJECTIVE.prefault({}),
  optimizer: OPTIMIZER,
  steps: count,
  chunkSize: count.optional(),
  accumulation: count.default(1),
  recompute: z.boolean().default(false),
  diversityEverySteps: count.default(10),
  checkpointEverySteps: count.default(100),
  keepCheckpoints: count.default(2),
  evaluateEverySteps: count.optional(),
});

/** Checks a recipe's fields one by one and fills in the defaults. @throws {ConfigError} naming the field, what it is and what was expected. */
export function checkRecipe(value: unknown, file: string): Recipe {
  return parseConfig(RECIPE, value, { file });
}
