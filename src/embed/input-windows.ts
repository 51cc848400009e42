import { throwIfAborted } from "./abort.ts";

/** An input that was made ready for the model, or could not be. */
export type Prepared<Value> =
  | { readonly index: number; readonly value: Value; readonly error?: undefined }
  | { readonly index: number; readonly value?: undefined; readonly error: Error };

export interface WindowOptions<Input, Value> {
  /** Makes one input ready; what it throws becomes that input's `error`. */
  readonly prepare: (input: Input, index: number) => Promise<Value>;
  /** Bytes that a prepared input holds in memory. */
  readonly bytesOf: (value: Value) => number;
  /** The most inputs of a window. */
  readonly size: number;
  /** Inputs that are being prepared at a time. */
  readonly concurrency?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A window is closed when its inputs hold this much: 256 MB. */
const MOST_BYTES = 2 ** 28;

/**
 * Takes inputs from a list or a stream and makes them ready, window by window: the next window is being prepared while the caller works on the
 * last. A window holds inputs in their order.
 */
export async function* inputWindows<Input, Value>(
  inputs: Iterable<Input> | AsyncIterable<Input>,
  options: WindowOptions<Input, Value>,
): AsyncGenerator<Prepared<Value>[]> {
  const source = new InputSource(inputs);
  let next = readWindow(source, options);
  try {
    for (let window = await next; window.length > 0; window = await next) {
      next = readWindow(source, options);
      next.catch(() => undefined); // told when it is awaited, or not at all if the caller stops before
      yield window;
    }
  } finally {
    await next.catch(() => undefined);
    await source.close();
  }
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

async function readWindow<Input, Value>(source: InputSource<Input>, options: WindowOptions<Input, Value>): Promise<Prepared<Value>[]> {
  const { size, concurrency = 4, signal } = options;
  const window: Prepared<Value>[] = [];
  let bytes = 0;
  let taken = 0;
  const work = async (): Promise<void> => {
    while (taken < size && (taken === 0 || bytes < MOST_BYTES)) {
      throwIfAborted(signal);
      taken++;
      const next = await source.take();
      if (next === undefined) return;
      const prepared = await prepareOne(next, options);
      if (prepared.error === undefined) bytes += options.bytesOf(prepared.value);
      window.push(prepared);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return window.sort((a, b) => a.index - b.index);
}

async function prepareOne<Input, Value>(
  { input, index }: { readonly input: Input; readonly index: number },
  { prepare }: WindowOptions<Input, Value>,
): Promise<Prepared<Value>> {
  try {
    return { index, value: await prepare(input, index) };
  } catch (error) {
    return { index, error: error instanceof Error ? error : new Error(String(error), { cause: error }) };
  }
}
