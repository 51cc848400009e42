import { ConfigError, present } from "../../errors/families.ts";
import { RandomStream } from "../../random/random-stream.ts";
import type { EmojiCorpus } from "../emoji/corpus.ts";
import { TRAINING_SETS, type DrawingSetName } from "../emoji/drawing-sets.ts";
import { describe } from "../emoji/tasks/descriptions.ts";
import { defaultCanvasSize } from "../emoji/tasks/evaluation-tasks.ts";
import { queryInstruction, TARGET_IMAGE_INSTRUCTION } from "../emoji/tasks/instructions.ts";
import type { TrainingExample } from "../emoji/tasks/task-types.ts";
import { checkTrainingSets } from "../emoji/tasks/training-sampler.ts";
import type { IconCorpus } from "../icons/icon-corpus.ts";
import { captionCanvas, captionItem, type CaptionExample } from "./captions.ts";
import { emojiItems, iconItems, paintItem, paintItemPair, type PretrainingItem } from "./pretraining-item.ts";

/** How pretraining batches are drawn. */
export interface PretrainingSamplerOptions {
  readonly seed: number;
  /** Examples in a batch. */
  readonly batchSize: number;
  /** The share of batches that are captions, 0 to 1, the others being contrastive; 0.5 if not given. */
  readonly captionShare?: number;
  /** The share of caption batches that show canvases of four, 0 to 1; 0.25 if not given. */
  readonly canvasShare?: number;
  /** The share of icons in a batch, 0 to 1, the others being emoji; 0.35 if not given, 0 without icons. */
  readonly iconShare?: number;
  /** Whether drawings are changed at random in ways that keep their meaning; true if not given. */
  readonly augmentation?: boolean;
  /** What contrastive batches pair, each as often as the others; all three if not given. */
  readonly contrastiveTasks?: readonly ContrastiveTask[];
  /** The sets the emoji's drawings come from: all but OpenMoji if not given. */
  readonly sets?: readonly DrawingSetName[];
  /** Examples in a batch of canvases, which have four times the pixels; `batchSize` if not given. */
  readonly canvasBatchSize?: number;
  /** Pixels on each side of a canvas; twice a drawing if not given. */
  readonly canvasSize?: number;
}

/** What a contrastive batch pairs. */
export type ContrastiveTask = "image-to-image" | "image-to-text" | "text-to-image";

/** The examples of one step; the pictures of a batch are all of one size. */
export type PretrainingBatch =
  | { readonly kind: "caption"; readonly examples: readonly CaptionExample[] }
  | { readonly kind: "contrastive"; readonly task: ContrastiveTask; readonly examples: readonly TrainingExample[] };

const CONTRASTIVE_TASKS: readonly ContrastiveTask[] = ["image-to-image", "image-to-text", "text-to-image"];

/**
 * Draws batches for training a base model on pictures and words: captions to be written (name, tags, group, colour, the four things on a canvas)
 * and pairs to be matched (two pictures of a thing, a picture and words), over the emoji's training concepts and the icons. `batch(step)` depends
 * on the seed and the step alone. No batch holds two things of one key as long as there are enough.
 * @throws {ConfigError} if a share is not from 0 to 1, or the sets are too few or for test only.
 */
export class PretrainingSampler {
  readonly #options: Required<PretrainingSamplerOptions>;
  readonly #emoji: readonly PretrainingItem[];
  readonly #icons: readonly PretrainingItem[];

  constructor(corpus: EmojiCorpus, icons: IconCorpus | undefined, options: PretrainingSamplerOptions) {
    const shares = { captionShare: 0.5, canvasShare: 0.25, iconShare: icons === undefined ? 0 : 0.35 };
    const defaults = {
      ...shares,
      augmentation: true,
      contrastiveTasks: CONTRASTIVE_TASKS,
      sets: TRAINING_SETS,
      canvasSize: defaultCanvasSize(corpus),
      canvasBatchSize: options.batchSize,
    };
    this.#options = { ...defaults, ...options };
    checkShares(this.#options, icons);
    checkTrainingSets(this.#options.sets);
    this.#emoji = emojiItems(corpus, this.#options.sets);
    this.#icons = icons === undefined ? [] : iconItems(icons, corpus);
  }

  /** The batch of a step. @param step a whole number from 0. */
  batch(step: number): PretrainingBatch {
    const { seed, captionShare, canvasShare } = this.#options;
    const stream = new RandomStream(seed, "pretraining batch", step);
    const isCaption = stream.uniform() < captionShare;
    const isCanvas = stream.uniform() < canvasShare;
    const items = this.#drawItems(stream, isCaption && isCanvas ? this.#options.canvasBatchSize : this.#options.batchSize);
    const streams = items.map((_, place) => new RandomStream(seed, "pretraining example", step, place));
    if (isCaption)
      return { kind: "caption", examples: items.map((item, place) => this.#caption(item, present(streams[place], "a stream"), isCanvas)) };
    const task = stream.pick(this.#options.contrastiveTasks);
    return { kind: "contrastive", task, examples: items.map((item, place) => this.#pair(task, item, present(streams[place], "a stream"))) };
  }

  /** As many different things as the batch holds, icons among them in their share. */
  #drawItems(stream: RandomStream, batchSize: number): PretrainingItem[] {
    const { iconShare } = this.#options;
    const icons = Math.round(batchSize * iconShare);
    const keys = new Set<string>();
    const chosen = [...drawDistinct(this.#icons, icons, stream, keys), ...drawDistinct(this.#emoji, batchSize - icons, stream, keys)];
    while (chosen.length < batchSize) chosen.push(stream.pick(this.#emoji));
    return stream.shuffle(chosen);
  }

  #caption(item: PretrainingItem, stream: RandomStream, isCanvas: boolean): CaptionExample {
    const context = { stream, augmentation: this.#options.augmentation };
    if (!isCanvas) return captionItem(item, context);
    const others = drawDistinct(stream.uniform() < this.#options.iconShare ? this.#icons : this.#emoji, 3, stream, new Set([item.key]));
    return captionCanvas(stream.shuffle([item, ...others]), this.#options.canvasSize, context);
  }

  #pair(task: ContrastiveTask, item: PretrainingItem, stream: RandomStream): TrainingExample {
    const { augmentation } = this.#options;
    const instruction = queryInstruction(task, { stream, purpose: "training" });
    const positiveKey = item.key;
    if (task === "image-to-image") {
      const [image, target] = paintItemPair(item, stream, augmentation);
      return { query: { image, instruction }, positive: { image: target, instruction: TARGET_IMAGE_INSTRUCTION }, positiveKey };
    }
    const image = paintItem(item, stream, augmentation);
    const text = describe(item, stream);
    if (task === "image-to-text") return { query: { image, instruction }, positive: { text }, positiveKey };
    return { query: { text, instruction }, positive: { image, instruction: TARGET_IMAGE_INSTRUCTION }, positiveKey };
  }
}

/** Up to `count` items of different keys, none among `keys`; their keys are added to it. */
function drawDistinct(items: readonly PretrainingItem[], count: number, stream: RandomStream, keys: Set<string>): PretrainingItem[] {
  const drawn: PretrainingItem[] = [];
  for (let attempt = 0; attempt < 20 * count && drawn.length < count && items.length > 0; attempt++) {
    const item = stream.pick(items);
    if (keys.has(item.key)) continue;
    keys.add(item.key);
    drawn.push(item);
  }
  return drawn;
}

function checkShares(options: Required<PretrainingSamplerOptions>, icons: IconCorpus | undefined): void {
  for (const field of ["captionShare", "canvasShare", "iconShare"] as const) {
    const share = options[field];
    if (share >= 0 && share <= 1) continue;
    throw new ConfigError({ message: `${field} is ${share}; expected a share from 0 to 1`, details: { field, got: share } });
  }
  if (options.iconShare > 0 && icons === undefined) {
    throw new ConfigError({
      message: "iconShare is above 0, but no icons were given; load them, or set it to 0",
      details: { field: "iconShare" },
    });
  }
}
