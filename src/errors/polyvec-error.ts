/** Facts an error carries beside its message: names of files, rows, fields, shapes. Values are JSON-safe. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** What every Polyvec error is built from. */
export interface PolyvecErrorOptions {
  /** What went wrong, what was found, what was expected and the way out, in one or two sentences. */
  readonly message: string;
  /** The structured facts behind the message. */
  readonly details?: ErrorDetails;
  /** The error that led here. */
  readonly cause?: unknown;
}

const MARK = Symbol.for("polyvec.error");

/**
 * The base of every error Polyvec throws. `code` is stable and meant for programs; `message` is meant for people.
 * Use {@link PolyvecError.isInstance} rather than `instanceof`: it holds across two copies of the package.
 */
export class PolyvecError extends Error {
  readonly code: string;
  readonly details: ErrorDetails;

  constructor(code: string, options: PolyvecErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.details = options.details ?? {};
    Object.defineProperty(this, MARK, { value: true });
  }

  /** Whether `value` is a Polyvec error, from this or another copy of the package. */
  static isInstance(value: unknown): value is PolyvecError {
    return typeof value === "object" && value !== null && MARK in value;
  }

  /** The error as plain JSON, for `--json` output and HTTP bodies. */
  toJSON(): { code: string; message: string; details: ErrorDetails } {
    return { code: this.code, message: this.message, details: this.details };
  }
}
