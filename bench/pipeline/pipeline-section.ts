import { join } from "node:path";
import { openImageStore, type ImageStore } from "../../src/data/image-store/image-store.ts";
import { EmbeddingSessions } from "../../src/embed/embedding-sessions.ts";
import type { EmbeddingModel } from "../../src/embed/embedding-model.ts";
import { embeddingModelOf, loadModel } from "../../src/embed/load-model.ts";
import { PicturePreparer } from "../../src/embed/pictures/picture-preparer.ts";
import { readyBatches } from "../../src/embed/ready-batches.ts";
import type { TensorMap } from "../../src/engine/runtime/session.ts";
import { present } from "../../src/errors/families.ts";
import type { EmbeddingInput } from "../../src/inputs/embedding-input.ts";
import { openModelFolder } from "../../src/model/folder/open-model-folder.ts";
import { modelInputs } from "../../src/model/multimodal/model-inputs.ts";
import { visionModeOf, type VisionMode } from "../../src/model/multimodal/token-batch.ts";
import { selectPaths } from "../../src/model/paths/select-paths.ts";
import { compare, measure, type BenchCase, type MeasureOptions } from "../harness.ts";
import { spreadOf } from "../statistics.ts";
import type { SuiteSection } from "../suite.ts";
import { writePictures, type PictureFiles, type PictureSet } from "./picture-files.ts";

/** A set of pictures and a model. */
export interface PipelineCase {
  readonly model: { readonly name: string; readonly folder: string };
  readonly pictures: PictureSet;
  /** Inputs that the model takes at a time. */
  readonly batchSize: number;
  /** The least share of the model's own throughput that is good enough; none for sizes that only try the suite out. */
  readonly bar?: number;
}

const ALONE = "model alone";
const WHOLE = "from files to embeddings";
const THREAD = `${WHOLE}, model on a thread of its own`;
const PREPARING = "inputs made ready, no model";

/** Times the model with its inputs at hand, and the whole way from picture files, for the very same batches. */
export async function pipelineSection(one: PipelineCase, folder: string, options: MeasureOptions): Promise<SuiteSection> {
  const files = await writePictures(join(folder, nameOf(one.pictures).replaceAll(" ", "-")), one.pictures);
  await using images = await openImageStore(files.root);
  const inputs = inputsOf(files, images);
  await using alone = await ModelAlone.open(one, inputs);
  await using here = await loadModel(one.model.folder);
  await using apart = await loadModel(one.model.folder, { worker: true });
  const { batchSize } = one;
  const cases: readonly BenchCase[] = [
    { name: ALONE, run: () => alone.run() },
    { name: WHOLE, run: async () => void (await here.embedSet(inputs, { batchSize })) },
    { name: THREAD, run: async () => void (await apart.embedSet(inputs, { batchSize })) },
    { name: PREPARING, run: () => alone.prepare(inputs) },
  ];
  const perPicture = cases.map(({ name, run }): BenchCase => ({ name, run: () => timed(run, inputs.length) }));
  const measurements = await measure(perPicture, options);
  const comparisons = compare(measurements, ALONE);
  const share = 1 / present(comparisons.find(({ name }) => name === WHOLE)?.ratio.median, WHOLE);
  const preparing = present(measurements.find(({ name }) => name === PREPARING)?.milliseconds.median, PREPARING);
  const { bar } = one;
  return {
    title: `${one.model.name}: ${inputs.length} pictures, ${nameOf(one.pictures)}, batches of ${batchSize}, ms per picture`,
    measurements,
    comparisons,
    verdicts:
      bar === undefined
        ? []
        : [{ name: "share of the model's throughput kept", got: percent(share), bar: `>= ${percent(bar)}`, isMet: share >= bar }],
    facts: {
      ...(bar === undefined ? { "share of the model's throughput kept": percent(share) } : {}),
      "bytes of a file": Math.round(files.bytes),
      "pictures/s made ready": Math.round(1000 / preparing),
      "pictures/s": measurements.map(({ name, times }) => `${name} ${(1000 / spreadOf(times).median).toFixed(1)}`).join("; "),
    },
  };
}

function nameOf({ format, side, zipped }: PictureSet): string {
  return `${side} x ${side} ${format.toUpperCase()} from a ${zipped === true ? "zip" : "folder"}`;
}

/** Files by path where they lie in a folder, as users name them; out of an archive as an evaluation has them. */
function inputsOf({ root, paths }: PictureFiles, images: ImageStore): EmbeddingInput[] {
  return paths.map((path) => ({ image: root.endsWith(".zip") ? images.image(path) : join(root, path) }));
}

async function timed(run: BenchCase["run"], inputs: number): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / inputs;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

/** The model as the embedder runs it, with inputs that were made before. */
class ModelAlone implements AsyncDisposable {
  readonly #model: EmbeddingModel;
  readonly #batchSize: number;
  readonly #sessions: EmbeddingSessions;
  readonly #pictures = new PicturePreparer();
  #ready: readonly { readonly vision: VisionMode; readonly tensors: TensorMap }[] = [];

  private constructor(model: EmbeddingModel, batchSize: number) {
    this.#model = model;
    this.#batchSize = batchSize;
    this.#sessions = new EmbeddingSessions(model, {});
  }

  static async open({ model, batchSize }: PipelineCase, inputs: readonly EmbeddingInput[]): Promise<ModelAlone> {
    const alone = new ModelAlone(embeddingModelOf(await openModelFolder(model.folder)), batchSize);
    alone.#ready = await alone.#batches(inputs);
    return alone;
  }

  /** Runs all batches, one after another. */
  async run(): Promise<void> {
    const { paths } = this.#model.polyvec;
    const indices = Array.from({ length: paths.count }, (_, path) => path);
    for (const { vision, tensors } of this.#ready) {
      const runner = await this.#sessions.open(vision, { paths: selectPaths(paths, indices), indices });
      await runner.run(tensors);
    }
  }

  /** Makes the inputs ready and throws them away. */
  async prepare(inputs: readonly EmbeddingInput[]): Promise<void> {
    await this.#batches(inputs);
  }

  async #batches(inputs: readonly EmbeddingInput[]): Promise<{ readonly vision: VisionMode; readonly tensors: TensorMap }[]> {
    const batches: { readonly vision: VisionMode; readonly tensors: TensorMap }[] = [];
    for await (const step of readyBatches(this.#model, inputs, { batchSize: this.#batchSize, pictures: this.#pictures })) {
      if (step.kind === "end" || step.ready.batch === undefined) continue;
      const { batch } = step.ready;
      batches.push({ vision: visionModeOf(batch), tensors: modelInputs(this.#model.processor.backbone, this.#model.polyvec.paths, batch) });
    }
    return batches;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pictures.dispose();
    await this.#sessions.dispose();
    await this.#model.close?.();
  }
}
