import { z } from "zod";
import { TASK_FAMILIES } from "../../data/emoji/tasks/task-types.ts";
import { parseConfig } from "../../files/parse-config.ts";
import type { Recipe } from "./recipe-types.ts";

const count = z.int().positive();
const share = z.number().min(0).max(1);
const positive = z.number().positive();
const atLeastZero = z.number().min(0);

const TOPOLOGY = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("parallel").describe("All paths run through the whole decoder, side by side.") }),
  z.strictObject({
    kind: z.literal("branchLayer").describe("The layers below `layer` run once for all paths."),
    layer: z.int().min(0).describe("The first layer that each path runs by itself."),
  }),
  z.strictObject({
    kind: z.literal("shared").describe("The input runs once; each path reads it out with tokens of its own."),
    readoutTokens: count.describe("Learnable readout tokens of a path."),
  }),
]);

const PATHS = z.strictObject({
  count: count.default(1).describe("N, the paths. 1 without a prefix is single-embedding training (SSC)."),
  prefixLength: z.int().min(0).default(0).describe("P, key-value vectors per path, layer and head."),
  topology: TOPOLOGY.default({ kind: "parallel" }).describe("How the paths are computed."),
  aggregation: z
    .enum(["mean", "gate"])
    .default("mean")
    .describe("How the N vectors become one: their mean, or weights that a small network gives."),
  prefixScale: z
    .union([positive, z.literal("calibrated")])
    .default("calibrated")
    .describe("Standard deviation of the initial prefixes; `calibrated` searches the one that gives `targetCosine`."),
  targetCosine: share.default(0.8).describe("Mean cosine between paths that calibration aims at. Paths that start equal stay equal."),
});

const LORA = z.strictObject({
  rank: count.describe("Rank of the update of each adapted layer."),
  alpha: positive.describe("The update counts `alpha / rank` times."),
  targetModules: z
    .array(z.string())
    .min(1)
    .default(["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"])
    .describe("Last parts of the names of the layers that get an adapter."),
  rankStabilized: z.boolean().default(false).describe("Divides by the root of the rank instead of the rank."),
  dropout: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe("Share of an adapter's inputs that are left out at random while training; the others count for them."),
  dora: z.boolean().default(false).describe("Each output's magnitude is trained apart from the direction (DoRA)."),
});

const MODEL = z.strictObject({
  base: z
    .string()
    .optional()
    .describe(
      "Folder of the model to start from, relative to the recipe's folder, or a model of the hub: `org/name`, `org/name@revision`. Either this or `config`.",
    ),
  config: z
    .record(z.string(), z.unknown())
    .optional()
    .describe(
      "The `config.json` of a model to train from scratch, in the layout of Hugging Face. Vocabulary and special tokens are filled in.",
    ),
  vocabularySize: count.optional().describe("Entries of the tokenizer that is trained with a model from scratch; 4,096 if not given."),
  imageSize: z
    .strictObject({
      minimum: count.describe("Smaller pictures are enlarged to it."),
      maximum: count.describe("Larger ones are shrunk to it."),
    })
    .optional()
    .describe("Pixels a side; 64 and 64 if not given, or the base's."),
  maxTokens: count.default(96).describe("The longest prompt, in tokens, image included; longer texts are cut."),
  paths: PATHS.prefault({}).describe("The paths of the model."),
  lora: LORA.optional().describe("Trains adapters in place of the backbone's weights."),
  freeze: z
    .array(z.enum(["vision", "decoder", "embeddings"]))
    .default([])
    .describe("Parts of the backbone that are not trained."),
});

const batchSize = count.describe("Queries in a batch; in a caption batch, captions.");
const canvasBatchSize = count
  .optional()
  .describe("Queries, or captions, in a batch of canvases, which have four times the pixels; `batchSize` if not given.");
const augment = z.boolean().default(true).describe("Changes drawings at random in ways that keep their meaning.");
const enlargeShare = share
  .default(0)
  .describe("Share of the batches whose drawings are enlarged, one and a half or two times, so that large pictures are known too.");
const mixture = z.strictObject(Object.fromEntries(TASK_FAMILIES.map((family) => [family, atLeastZero.optional()])));

const MIXED = z.strictObject({
  weight: positive.optional().describe("Relative share of the batches; the number of its rows that are used, if not given."),
  rows: count.optional().describe("Only so many rows, the first; `rowsPerDataset` if not given."),
});

const PAIR_DATA = z.strictObject({
  kind: z.literal("mmeb").describe("Pairs in the layout of MMEB-train, of MMEB's own or of yours: docs/data-mmeb.md."),
  batchSize,
  path: z
    .string()
    .min(1)
    .describe(
      "Folder of `<dataset>/<split>-*.parquet`, a file of parquet or JSON lines, relative to the recipe's folder; or a hub dataset.",
    ),
  images: z
    .string()
    .min(1)
    .optional()
    .describe("Folder or .zip that image paths begin in, relative to the recipe's folder; that of `path` if not given."),
  split: z.string().min(1).default("original").describe("Split of each dataset: MMEB-train has `original` and `diverse_instruction`."),
  datasets: z
    .record(z.string().min(1), MIXED)
    .optional()
    .describe("The datasets by name, each with an object of `weight` and `rows`, both optional; all that are there if not given."),
  rowsPerDataset: count.default(100_000).describe("Rows of each dataset that are used, the first."),
  rowsTogether: count
    .optional()
    .describe(
      "Rows of one dataset that come together as they stand in their file; a batch is of one dataset, its rows shuffled, if not given.",
    ),
  order: z
    .enum(["drawn", "written"])
    .default("drawn")
    .describe(
      "`drawn` by chance, or as the data's column `batch` numbers its batches: those as they stand, `batchSize` rows at most, round and round.",
    ),
  groupByLength: z.boolean().default(false).describe("Deals the rows of 16 batches so that each has rows of about one length."),
  hardNegatives: z
    .int()
    .min(0)
    .default(1)
    .describe("Hard negatives of a query that are used, at most; drawn anew each time if it has more."),
  maskSameImage: z
    .boolean()
    .default(false)
    .describe("Takes targets of the same images for the same, whatever their texts; else text and images must be the same."),
});

const DATA = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("emoji-pretraining").describe("Captions to be written and pairs to be matched, over emoji and icons: for a base."),
    batchSize,
    canvasBatchSize,
    augment,
    captionShare: share.default(0.5).describe("Share of the steps, tasks apart, that are captions."),
    iconShare: share.default(0.35).describe("Share of icons in a batch; the others are emoji."),
    canvasShare: share.default(0.25).describe("Share of the caption batches that show four things on a canvas."),
    taskShare: share.default(0).describe("Share of the steps that are batches of the six emoji tasks."),
    contrastiveTasks: z
      .array(z.enum(["image-to-image", "image-to-text", "text-to-image"]))
      .min(1)
      .optional()
      .describe("What pairs are made of; all three if not given."),
    mixture: mixture.optional().describe("Among the batches of the six tasks: as for `emoji-tasks`."),
    enlargeShare,
  }),
  z.strictObject({
    kind: z.literal("emoji-tasks").describe("The six emoji tasks, one a batch."),
    batchSize,
    canvasBatchSize,
    augment,
    mixture: mixture.optional().describe("Relative weight of each task; one that is not named has weight 0. All alike if not given."),
    enlargeShare,
  }),
  z.strictObject({
    kind: z.literal("examples").describe("Your own examples, shuffled anew in each round."),
    batchSize,
    file: z.string().min(1).describe("JSON lines of `query`, `positive`, `hardNegatives`, `positiveKey`; relative to the recipe's folder."),
  }),
  PAIR_DATA,
]);

const REGULARISER = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none").describe("Nothing keeps the paths apart.") }),
  z.strictObject({
    kind: z.literal("orthogonality").describe("Mean squared cosine between the paths of an input."),
    centred: z
      .boolean()
      .default(true)
      .describe("Takes each path's mean off first: raw cosines are met by a constant offset that changes no ranking."),
  }),
  z.strictObject({
    kind: z
      .literal("vclub")
      .describe("An upper bound of the mutual information between paths, with an estimator that learns beside the model."),
    pairs: z.enum(["ordered", "unordered"]).default("unordered").describe("Each pair of paths both ways round, or once."),
    hiddenWidth: count.default(64).describe("Width of the estimator's hidden layer."),
    learningRate: positive.default(2e-3).describe("Of the estimator's own Adam."),
    innerSteps: count.default(1).describe("Steps of the estimator for each step of the model."),
  }),
]);

const OBJECTIVE = z.strictObject({
  temperature: positive.default(0.05).describe("Scores are divided by it."),
  pathWeight: atLeastZero.default(1).describe("a: weight of the mean InfoNCE of the single paths."),
  regulariser: REGULARISER.default({ kind: "none" }).describe("What keeps the paths apart."),
  regulariserWeight: atLeastZero.default(0.05).describe("b: weight of the regulariser after its warm-up."),
  regulariserWarmUpSteps: z.int().min(0).default(40).describe("Steps over which that weight rises from 0."),
  symmetric: z.boolean().default(false).describe("Also lets targets look for their queries."),
  languageWeight: positive.default(1).describe("Multiplies the loss of caption steps."),
});

const OPTIMIZER = z.strictObject({
  kind: z.enum(["adamw", "muon"]).default("adamw").describe("AdamW for all, or Muon for the layers' matrices beside it."),
  learningRate: positive.describe("The highest rate of the schedule."),
  adamShare: positive.default(0.05).describe("With Muon: AdamW's rate, as a share of `learningRate`."),
  weightDecay: atLeastZero.default(0.01).describe("Not for norms, biases, embeddings and paths."),
  betas: z.tuple([share, share]).default([0.9, 0.98]).describe("Of AdamW."),
  warmUpSteps: z.int().min(0).default(0).describe("Steps over which the rate rises from 0."),
  decay: z
    .enum(["constant", "linear", "cosine"])
    .default("cosine")
    .describe("How it falls from then on; to 0 at the end but for `constant`."),
  clipNorm: positive.default(1).describe("Gradients are scaled down to this global norm."),
  pathLearningRateMultiplier: positive.default(3).describe("Rate of prefixes, readouts and gate, as a multiple."),
});

const CHUNK_SIZES = z.strictObject({
  queries: count.describe("Queries, or captions, that are encoded at once."),
  targets: count.describe("Targets that are encoded at once."),
});

const LOSS_SCALING = z.strictObject({
  initialScale: positive.default(65_536).describe("What losses are multiplied by at first; gradients are divided by it again."),
  growthFactor: z.number().min(1).default(2).describe("The scale grows by it after `growthInterval` steps without overflow."),
  backoffFactor: positive.max(1).default(0.5).describe("The scale shrinks by it at a step whose gradients overflow; that step is skipped."),
  growthInterval: count.default(2000).describe("Steps in a row without overflow."),
  minimumScale: positive.default(1e-4).describe("A scale below it ends the run."),
  maximumSkippedSteps: count.default(25).describe("More skipped steps in a row end the run."),
});

/** What a recipe's file may hold, with a sentence on every field: these are `recipes/recipe.schema.json` and the tables of `docs/recipes.md`. */
export const RECIPE_SCHEMA: z.ZodType<Recipe & { readonly $schema?: string | undefined }> = z.strictObject({
  $schema: z.string().optional().describe("Where the JSON Schema of recipes lies, for editors."),
  name: z.string().min(1).describe("What the run is called."),
  seed: z.int().min(0).default(0).describe("Of fresh weights and of the data's order."),
  model: MODEL.describe("What is trained."),
  data: DATA.describe("What it is trained on."),
  objective: OBJECTIVE.prefault({}).describe("The loss."),
  optimizer: OPTIMIZER.describe("How the weights are moved."),
  steps: count.describe("Steps in all."),
  chunkSize: z
    .union([count, CHUNK_SIZES])
    .optional()
    .describe(
      "Inputs that are encoded at once; batches with more go through GradCache, in the memory of a chunk. A number, or `queries` and `targets` apart. All at once if not given.",
    ),
  accumulation: count.default(1).describe("Batches whose gradients are averaged into one step."),
  recompute: z.boolean().default(false).describe("Computes each layer again in the backward pass: less memory, more time."),
  precision: z
    .enum(["float32", "bfloat16", "float16"])
    .default("float32")
    .describe("What matrix products compute in and their activations are kept in; what is trained stays float32."),
  lossScaling: LOSS_SCALING.prefault({}).describe("How the loss is scaled with precision `float16`."),
  diversityEverySteps: count.default(10).describe("Steps between looks at how different the paths are."),
  checkpointEverySteps: count.default(100).describe("Steps between checkpoints."),
  keepCheckpoints: count.default(2).describe("Checkpoints that are kept."),
  evaluateEverySteps: count
    .optional()
    .describe("Steps between evaluations on the validation split, with one at the end; none if not given."),
  evaluateQueries: count.default(50).describe("Queries of each task at an evaluation."),
});

/** Checks a recipe's fields one by one and fills in the defaults. @throws {ConfigError} naming the field, what it is and what was expected. */
export function checkRecipe(value: unknown, file: string): Recipe {
  const { $schema: _, ...recipe } = parseConfig(RECIPE_SCHEMA, value, { file });
  return recipe;
}
