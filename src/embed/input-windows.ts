import { throwIfAborted } from "./abort.ts";
import { Bound } from "./pictures/bound.ts";

/** An input that was made ready for the model, or could not be. */
export type Prepared<Value> =
  | { readonly index: number; readonly value: Value; readonly error?: undefined }
  | { readonly index: number; readonly value?: undefined; readonly error: Error };

export interface WindowOptions<Input, Value> {
  /** Makes one input ready; what it throws becomes that input's `error`. The signal fires when it is not wanted any more. */
  readonly prepare: (input: Input, index: number, signal: AbortSignal) => Promise<Value>;
  /** Bytes that a prepared input holds in memory. */
  readonly bytesOf: (value: Value) => number;
  /** The most inputs of a window. */
  readonly size: number;
  readonly signal?: AbortSignal | undefined;
}

/** A window is closed when its inputs hold this much: 256 MB. */
const MOST_BYTES = 2 ** 28;
/** What is ready beyond the window that is being collected, or on the way, holds no more than this, as far as can be told: 128 MB. */
const MOST_AHEAD = 2 ** 27;

/**
 * Takes inputs from a list or a stream and makes them ready, window by window: as many as make a window are on the way or ready while the caller works
 * on the last, fewer where they are heavy. A window holds inputs in their order, and which ones does not depend on how long any takes.
 */
export async function* inputWindows<Input, Value>(
  inputs: Iterable<Input> | AsyncIterable<Input>,
  options: WindowOptions<Input, Value>,
): AsyncGenerator<Prepared<Value>[], void, undefined> {
  const ahead = new PreparedAhead(new InputSource(inputs), options);
  try {
    for (let window = await collect(ahead, options); window.length > 0; window = await collect(ahead, options)) yield window;
  } finally {
    await ahead.close();
  }
}

async function collect<Input, Value>(
  ahead: PreparedAhead<Input, Value>,
  { size, bytesOf, signal }: WindowOptions<Input, Value>,
): Promise<Prepared<Value>[]> {
  const window: Prepared<Value>[] = [];
  let bytes = 0;
  while (window.length < size && bytes < MOST_BYTES) {
    throwIfAborted(signal);
    const next = await ahead.next();
    if (next === undefined) break;
    if (next.error === undefined) bytes += bytesOf(next.value);
    window.push(next);
  }
  return window;
}

/** Hands out inputs one after another with their index, whoever asks. */
class InputSource<Input> {
  readonly #iterator: Iterator<Input> | AsyncIterator<Input>;
  #turn: Promise<unknown> = Promise.resolve();
  #index = 0;
  #over = false;

  constructor(inputs: Iterable<Input> | AsyncIterable<Input>) {
    this.#iterator = Symbol.asyncIterator in inputs ? inputs[Symbol.asyncIterator]() : inputs[Symbol.iterator]();
  }

  /** Whether there are no more. */
  get isOver(): boolean {
    return this.#over;
  }

  take(): Promise<{ readonly input: Input; readonly index: number } | undefined> {
    const taken = this.#turn.then(() => this.#takeNext());
    this.#turn = taken.catch(() => undefined);
    return taken;
  }

  async close(): Promise<void> {
    if (!this.#over) await this.#iterator.return?.();
    this.#over = true;
  }

  async #takeNext(): Promise<{ readonly input: Input; readonly index: number } | undefined> {
    if (this.#over) return undefined;
    const result = await this.#iterator.next();
    if (result.done === true) {
      this.#over = true;
      return undefined;
    }
    return { input: result.value, index: this.#index++ };
  }
}

/** Makes inputs ready ahead of who takes them, and hands them out in their order. */
class PreparedAhead<Input, Value> {
  readonly #source: InputSource<Input>;
  readonly #options: WindowOptions<Input, Value>;
  readonly #bound: Bound;
  readonly #queue: Promise<Taken<Value>>[] = [];
  readonly #stop = new AbortController();

  constructor(source: InputSource<Input>, options: WindowOptions<Input, Value>) {
    this.#source = source;
    this.#options = options;
    this.#bound = new Bound({ most: options.size, mostBytes: MOST_AHEAD });
  }

  /** The next input; undefined when there are no more. @throws what the stream throws. */
  async next(): Promise<Prepared<Value> | undefined> {
    this.#fill();
    const head = this.#queue.shift();
    if (head === undefined) return undefined;
    const { prepared, bytes } = await head;
    this.#bound.leave(bytes);
    this.#fill();
    return prepared;
  }

  /** Lets go of what is on the way, and closes the stream. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#queue);
    await this.#source.close();
  }

  #fill(): void {
    while (!this.#source.isOver && !this.#stop.signal.aborted && this.#bound.isOpen) {
      this.#bound.enter();
      const taken = this.#take();
      taken.catch(() => undefined); // told when its turn comes, or not at all if the caller stops before
      this.#queue.push(taken);
    }
  }

  async #take(): Promise<Taken<Value>> {
    throwIfAborted(this.#options.signal);
    const next = await this.#source.take();
    if (next === undefined) return { prepared: undefined, bytes: undefined };
    const prepared = await prepareOne(next, this.#options, this.#stop.signal);
    const bytes = prepared.error === undefined ? this.#options.bytesOf(prepared.value) : 0;
    this.#bound.weigh(bytes);
    this.#fill();
    return { prepared, bytes };
  }
}

interface Taken<Value> {
  readonly prepared: Prepared<Value> | undefined;
  /** undefined if there was no input any more. */
  readonly bytes: number | undefined;
}

async function prepareOne<Input, Value>(
  { input, index }: { readonly input: Input; readonly index: number },
  { prepare }: WindowOptions<Input, Value>,
  signal: AbortSignal,
): Promise<Prepared<Value>> {
  try {
    return { index, value: await prepare(input, index, signal) };
  } catch (error) {
    return { index, error: error instanceof Error ? error : new Error(String(error), { cause: error }) };
  }
}
