import { asFileError } from "../../files/atomic-write.ts";

/** Where a command puts its results: stdout, one line at a time. */
export interface Output {
  /** Writes one line. Resolves when the stream takes more, so a loop that awaits it never piles up text in memory. */
  line(text?: string): Promise<void>;
  /** Writes bytes as they are. Resolves as {@link line}. */
  bytes(data: Uint8Array): Promise<void>;
  /** Writes one value as one line of JSON. */
  json(value: unknown): Promise<void>;
}

/** An output whose owner waits for its end. */
export interface OwnedOutput extends Output {
  /** Resolves when everything was written. @throws {FileError} when it could not be. */
  flush(): Promise<void>;
}

/**
 * Wraps a stream. When its reader goes away (`polyvec embed ... | head`), `onClosed` is called once and later writes do nothing.
 * @throws {FileError} from `line` or `flush` when the stream cannot be written for another reason, such as a full disk.
 */
export function createOutput(stream: NodeJS.WritableStream, onClosed: () => void): OwnedOutput {
  let failure: Error | undefined;
  let closed = false;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (closed || failure !== undefined) return;
    if (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED") {
      closed = true;
      onClosed();
    } else failure = asFileError(error, "the output", "write");
  });
  const bytes = async (data: Uint8Array | string): Promise<void> => {
    if (closed) return;
    if (failure === undefined && !stream.write(data)) await drained(stream);
    if (failure !== undefined) throw failure;
  };
  const line = (text = ""): Promise<void> => bytes(`${text}\n`);
  const flush = async (): Promise<void> => {
    if (!closed && failure === undefined) await new Promise<void>((resolve) => stream.write("", () => setImmediate(resolve)));
    if (failure !== undefined) throw failure;
  };
  return { line, bytes, json: (value) => line(JSON.stringify(value)), flush };
}

/** Waits until a stream takes more, or never will. */
async function drained(stream: NodeJS.WritableStream): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      for (const event of EVENTS) stream.off(event, done);
      resolve();
    };
    for (const event of EVENTS) stream.on(event, done);
  });
}

const EVENTS = ["drain", "close", "error"] as const;
