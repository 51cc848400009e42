import type { TaskFamily } from "../../data/emoji/tasks/task-types.ts";
import type { PathTopology } from "../../model/paths/path-config.ts";
import type { LoraConfig } from "../../model/nn/parameter-source.ts";
import type { LossScaling } from "../precision/loss-scaler.ts";
import type { Precision } from "../precision/precision.ts";
import type { ChunkSize } from "../steps/chunk-sizes.ts";
import type { RegulariserOptions } from "../objective/loss-settings.ts";

/** The model of a run: what it starts from, its paths, and what of it is trained. */
export interface RecipeModel {
  /** Folder of the model to start from, a relative path taken from the recipe's folder; or a model of the hub. */
  readonly base?: string | undefined;
  /** Hugging Face `config.json` of a model to train from scratch, in place of `base`. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** Entries of the tokenizer trained with a model from scratch. */
  readonly vocabularySize?: number | undefined;
  /** Pixels on each side: smaller pictures are enlarged, larger ones shrunk; the base's if not given. */
  readonly imageSize?: { readonly minimum: number; readonly maximum: number } | undefined;
  /** The longest prompt, in tokens, image included; longer texts are cut. */
  readonly maxTokens: number;
  readonly paths: RecipePaths;
  /** Adapters in place of full training. */
  readonly lora?: LoraConfig | undefined;
  /** Parts that are not trained. */
  readonly freeze: readonly ("vision" | "decoder" | "embeddings")[];
}

/** The paths of a run's model. */
export interface RecipePaths {
  readonly count: number;
  readonly prefixLength: number;
  readonly topology: PathTopology;
  readonly aggregation: "mean" | "gate";
  /** Standard deviation of the initial prefixes; `calibrated` searches the one that gives the target cosine between paths. */
  readonly prefixScale: number | "calibrated";
  /** Mean cosine between paths that calibration aims at. */
  readonly targetCosine: number;
}

/** What is trained on. */
export type RecipeData =
  | {
      readonly kind: "emoji-pretraining";
      readonly batchSize: number;
      /** The batch where queries are canvases, which have four times the pixels; `batchSize` if not given. */
      readonly canvasBatchSize?: number | undefined;
      readonly augment: boolean;
      /** Share of the steps that are captions (generative); the others are contrastive. */
      readonly captionShare: number;
      /** Share of icons of other sets in a batch, the others being emoji. */
      readonly iconShare: number;
      /** Share of caption batches that show canvases of four drawings. */
      readonly canvasShare: number;
      /** Share of steps that are batches of the six tasks in place of captions and pairs. */
      readonly taskShare: number;
      /** What contrastive batches pair; all three if not given. */
      readonly contrastiveTasks?: readonly ("image-to-image" | "image-to-text" | "text-to-image")[] | undefined;
      /** Relative weight of each family among the batches of the six tasks; all alike if not given. */
      readonly mixture?: { readonly [K in TaskFamily]?: number | undefined } | undefined;
      /** Share of the batches whose drawings are enlarged. */
      readonly enlargeShare: number;
    }
  | {
      readonly kind: "emoji-tasks";
      readonly batchSize: number;
      /** The batch where queries are canvases, which have four times the pixels; `batchSize` if not given. */
      readonly canvasBatchSize?: number | undefined;
      readonly augment: boolean;
      /** Relative weight of each task family; all alike if not given. */
      readonly mixture?: { readonly [K in TaskFamily]?: number | undefined } | undefined;
      /** Share of the batches whose drawings are enlarged. */
      readonly enlargeShare: number;
    }
  | {
      readonly kind: "examples";
      readonly batchSize: number;
      /** JSON lines of training examples; a relative path is taken from the recipe's folder. */
      readonly file: string;
    }
  | PairData;

/** Pairs in the layout of MMEB-train, of MMEB's own or of others. */
export interface PairData {
  readonly kind: "mmeb";
  readonly batchSize: number;
  /** Folder of `<dataset>/<split>-*.parquet`, a file of parquet or JSON lines, or a dataset of the hub. */
  readonly path: string;
  /** Folder or archive that image paths begin in; `path`, or its folder, if not given. */
  readonly images?: string | undefined;
  readonly split: string;
  /** By name; all that are there if not given. */
  readonly datasets?: Readonly<Record<string, { readonly weight?: number | undefined; readonly rows?: number | undefined }>> | undefined;
  /** Rows of a dataset that are used, the first. */
  readonly rowsPerDataset: number;
  /** Rows of a dataset that come together, following one another in their file; a batch is of one dataset, in any order, if not given. */
  readonly rowsTogether?: number | undefined;
  /** Batches by chance, or as the data numbers them. */
  readonly order: "drawn" | "written";
  readonly groupByLength: boolean;
  /** Hard negatives of a query, at most. */
  readonly hardNegatives: number;
  readonly maskSameImage: boolean;
}

/** The loss. */
export interface RecipeObjective {
  readonly temperature: number;
  /** a: weight of the mean InfoNCE of the single paths. */
  readonly pathWeight: number;
  readonly regulariser: RegulariserOptions;
  /** b: weight of the regulariser after its warm-up. */
  readonly regulariserWeight: number;
  readonly regulariserWarmUpSteps: number;
  /** Also lets targets look for their queries. */
  readonly symmetric: boolean;
  /** Multiplies the loss of language-modelling steps. */
  readonly languageWeight: number;
}

/** How the weights are moved. */
export interface RecipeOptimizer {
  readonly kind: "adamw" | "muon";
  readonly learningRate: number;
  /** With Muon: AdamW's learning rate (norms, biases, embeddings, paths) as a share of `learningRate`. */
  readonly adamShare: number;
  readonly weightDecay: number;
  readonly betas: readonly [number, number];
  readonly warmUpSteps: number;
  readonly decay: "constant" | "linear" | "cosine";
  /** Gradients are scaled down to this global norm. */
  readonly clipNorm: number;
  /** Learning rate of prefixes, readouts and gate, as a multiple; they have no weight decay. */
  readonly pathLearningRateMultiplier: number;
}

/** A training run in full, checked, with all defaults filled in. */
export interface Recipe {
  readonly name: string;
  readonly seed: number;
  readonly model: RecipeModel;
  readonly data: RecipeData;
  readonly objective: RecipeObjective;
  readonly optimizer: RecipeOptimizer;
  readonly steps: number;
  /** Inputs that are encoded at once; batches with more go through GradCache. All at once if not given. */
  readonly chunkSize?: ChunkSize | undefined;
  /** Batches whose gradients are averaged into one step. */
  readonly accumulation: number;
  /** Recomputes each decoder layer in the backward pass: less memory, more time. */
  readonly recompute: boolean;
  /** What matrix products compute in, and their activations are kept in. */
  readonly precision: Precision;
  /** Of precision `float16`. */
  readonly lossScaling: LossScaling;
  /** Steps between looks at how different the paths are. */
  readonly diversityEverySteps: number;
  readonly checkpointEverySteps: number;
  readonly keepCheckpoints: number;
  /** Steps between evaluations on the validation split; none if not given. */
  readonly evaluateEverySteps?: number | undefined;
  /** Queries of each task at an evaluation. */
  readonly evaluateQueries: number;
}
