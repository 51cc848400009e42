import { decodeImage } from "../../inputs/decode-image.ts";
import type { ImageSource, RawImage } from "../../inputs/embedding-input.ts";
import { fitImage, type ImageFitting } from "../../model/multimodal/image-fitting.ts";
import { throwIfAborted } from "../abort.ts";
import { Bound } from "./bound.ts";
import { pictureThreads, startPicturePool, TASKS_PER_THREAD, type PicturePool } from "./picture-pool.ts";
import { isEncoded, pictureTask, taskBytes, type EncodedSource, type PictureTask } from "./picture-task.ts";

/** How pictures are prepared. */
export interface PicturePreparerOptions {
  /** Threads that decode; half of the machine's cores if not given, 0 for none beside the caller's. */
  readonly threads?: number;
  /** Milliseconds that resizing a picture takes from which on threads are worth what they cost; 3 if not given. */
  readonly heavyMs?: number;
}

interface Job {
  readonly source: EncodedSource;
  readonly fitting: ImageFitting;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (image: RawImage) => void;
  readonly reject: (error: unknown) => void;
}

/** Pictures that are decoded at a time for this thread to resize, at most, and bytes of their pixels. The decoder has threads of its own. */
const LANES = { most: 32, mostBytes: 2 ** 26 };
/**
 * Resizing takes this long, in ms, where threads are worth their start and their messages: a picture of a megapixel. Below, this thread keeps up with the
 * decoder, and threads beside a model that keeps the cores busy only take from it.
 */
const HEAVY_MS = 3;
/** How much the latest picture counts for how long resizing takes. */
const LATEST = 0.2;
/** Threads begin when more pictures than this wait: it takes as long as to decode some dozens. */
const PRESSURE = 32;
/** Threads that were sent something this many ms ago are there, so that few are sent too. */
const WARM_MS = 4000;
/** Encoded bytes that lie with the threads at a time: 64 MB. */
const MOST_BYTES = 2 ** 26;

/**
 * Decodes pictures and brings them to the size that a model takes, with the same result to the last bit wherever it is done. The decoder has threads of its own;
 * what this thread does is to resize, so that many pictures that are large go to threads that do all of it. What is asked for at a time waits until there is room.
 */
export class PicturePreparer implements AsyncDisposable {
  readonly #threads: number;
  readonly #waiting: Job[] = [];
  readonly #sent: Bound;
  readonly #heavyMs: number;
  readonly #lanes = new Bound(LANES);
  #resizeMs: number | undefined;
  #lastSent = Number.NEGATIVE_INFINITY;
  #pool: Promise<PicturePool> | undefined;

  constructor({ threads = pictureThreads(), heavyMs = HEAVY_MS }: PicturePreparerOptions = {}) {
    this.#threads = threads;
    this.#heavyMs = heavyMs;
    this.#sent = new Bound({ most: threads * TASKS_PER_THREAD, mostBytes: MOST_BYTES });
  }

  /** Whether it has threads of its own. */
  get hasThreads(): boolean {
    return this.#pool !== undefined;
  }

  /**
   * The picture as large as a model takes it.
   * @param signal fires when it is not wanted any more: as long as it waits, it is not begun. @throws {AbortedError} then.
   * @throws {ProcessorError} if it cannot be decoded or its shape cannot be taken; and what reading it throws.
   */
  async prepare(source: ImageSource, fitting: ImageFitting, signal?: AbortSignal): Promise<RawImage> {
    if (!isEncoded(source)) return fitImage(await decodeImage(source), fitting);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ source, fitting, signal, resolve, reject });
      this.#begin();
    });
  }

  /** Ends the threads when what is under way is done; a second call does nothing. */
  async dispose(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    await (await pool?.catch(() => undefined))?.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  /** Begins what there is room for. */
  #begin(): void {
    while (this.#waiting.length > 0) {
      const isMany = this.#isMany();
      if (!(isMany ? this.#sent : this.#lanes).isOpen) return;
      const job = this.#waiting.shift() as Job;
      void (isMany ? this.#send(job) : this.#doHere(job));
    }
  }

  #isMany(): boolean {
    if (this.#threads === 0 || this.#resizeMs === undefined || this.#resizeMs <= this.#heavyMs) return false;
    return this.#sent.count > 0 || this.#waiting.length > PRESSURE || performance.now() - this.#lastSent < WARM_MS;
  }

  async #doHere(job: Job): Promise<void> {
    this.#lanes.enter();
    let bytes: number | undefined;
    await settle(job, async () => {
      const decoded = await decodeImage(job.source);
      bytes = decoded.data.byteLength;
      this.#lanes.weigh(bytes);
      return this.#fit(decoded, job.fitting);
    });
    this.#lanes.leave(bytes);
    this.#begin();
  }

  #fit(decoded: RawImage, fitting: ImageFitting): RawImage {
    const start = performance.now();
    const fitted = fitImage(decoded, fitting);
    const taken = performance.now() - start;
    this.#resizeMs = this.#resizeMs === undefined ? taken : this.#resizeMs + LATEST * (taken - this.#resizeMs);
    return fitted;
  }

  async #send(job: Job): Promise<void> {
    this.#sent.enter();
    this.#lastSent = performance.now();
    let bytes: number | undefined;
    await settle(job, async () => {
      const task = await pictureTask(job.source, job.fitting);
      bytes = taskBytes(task);
      this.#sent.weigh(bytes);
      return this.#inThread(task, job);
    });
    this.#sent.leave(bytes);
    this.#begin();
  }

  /** What goes wrong in a thread is done here again: an error between threads has lost its class and its cause. */
  async #inThread(task: PictureTask, job: Job): Promise<RawImage> {
    this.#pool ??= startPicturePool(this.#threads);
    try {
      return await (await this.#pool).run(task);
    } catch {
      return prepareHere(job);
    }
  }
}

async function prepareHere({ source, fitting }: Job): Promise<RawImage> {
  return fitImage(await decodeImage(source), fitting);
}

async function settle({ signal, resolve, reject }: Job, work: () => Promise<RawImage>): Promise<void> {
  try {
    throwIfAborted(signal);
    resolve(await work());
  } catch (error) {
    reject(error);
  }
}
