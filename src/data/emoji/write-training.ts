import { join } from "node:path";
import { ConfigError } from "../../errors/families.ts";
import { ImageFiles } from "../image-store/image-files.ts";
import { writeTrainRows, type TrainColumns } from "../mmeb/write-train-rows.ts";
import type { TrainingSampler } from "./tasks/training-sampler.ts";
import type { TaskFamily, TrainingExample } from "./tasks/task-types.ts";

/** What is written. */
export interface WriteTrainingOptions {
  readonly sampler: Pick<TrainingSampler, "batch">;
  /** The first so many. */
  readonly batches: number;
  /** Told after each batch how many are written. */
  readonly onProgress?: (batches: number) => void;
  readonly signal?: AbortSignal;
}

/** What was written. */
export interface WrittenTraining {
  /** Holds `<family>/original-00000-of-00001.parquet`. */
  readonly data: string;
  readonly images: string;
  readonly rows: number;
  readonly pictures: number;
}

/**
 * Writes the batches that a sampler draws, step by step, in the layout of MMEB-train: a dataset for each family, `train/<family>/original-*.parquet`, and
 * every picture as it was drawn and changed, `images/train/<family>/*.png`. The column `batch` tells which rows come together, in which order.
 * @throws {FileError} if it cannot be written. @throws {ConfigError} if an example has more hard negatives than a row holds.
 */
export async function writeTrainingAsMmeb(
  folder: string,
  { sampler, batches, onProgress, signal }: WriteTrainingOptions,
): Promise<WrittenTraining> {
  const written = { data: join(folder, "train"), images: join(folder, "images") };
  const images = new ImageFiles(written.images);
  const families = new Map<TaskFamily, TrainColumns[]>();
  for (let batch = 0; batch < batches; batch++) {
    signal?.throwIfAborted();
    const { task, examples } = sampler.batch(batch);
    const rows = families.get(task) ?? [];
    families.set(task, rows);
    for (const example of examples) rows.push({ ...(await toColumns(example, { images, task })), batch });
    onProgress?.(batch + 1);
  }
  for (const [family, rows] of families) await writeTrainRows(join(written.data, family, "original-00000-of-00001.parquet"), rows);
  const rows = [...families.values()].reduce((sum, { length }) => sum + length, 0);
  return { ...written, rows, pictures: images.count };
}

async function toColumns(
  { query, positive, hardNegatives = [], positiveKey }: TrainingExample,
  { images, task }: { readonly images: ImageFiles; readonly task: TaskFamily },
): Promise<Omit<TrainColumns, "batch">> {
  const [negative = {}, ...more] = hardNegatives;
  if (more.length > 0) {
    const message = `an example of ${task} has ${hardNegatives.length} hard negatives, a row holds one; draw one at most`;
    throw new ConfigError({ message, details: { field: "hardNegatives", got: hardNegatives.length } });
  }
  const folder = `train/${task}`;
  return {
    qry_inst: query.instruction ?? "",
    qry: query.text ?? "",
    qry_image_path: await images.pathOf(query, folder),
    pos_inst: positive.instruction ?? "",
    pos_text: positive.text ?? "",
    pos_image_path: await images.pathOf(positive, folder),
    neg_inst: negative.instruction ?? "",
    neg_text: negative.text ?? "",
    neg_image_path: await images.pathOf(negative, folder),
    positive_key: positiveKey,
  };
}
